"""The recordings on which modes are compared, from 0.1 s to 20 min, and the evaluation set for DER."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path

from benchmarks.engine.cache import cache_dir, cached, source_digest
from benchmarks.engine.recordings import conversations, voices
from benchmarks.engine.recordings.conversations import (
    Samples,
    Scene,
    Turn,
    conversation,
    noise,
    silence,
    tone,
    write_wav,
)
from benchmarks.engine.size import Size

Options = Mapping[str, int]

SHORT_S = (0.1, 0.15, 0.25, 0.4, 0.7, 1.0, 1.6, 2.3, 3.1, 3.9, 4.0, 4.05, 4.4, 5.2, 6.6, 8.0)
OPTIONS: tuple[Options, ...] = (
    {},
    {"num_speakers": 2},
    {},
    {"min_speakers": 3},
    {"max_speakers": 2},
    {},
    {"num_speakers": 4},
    {"min_speakers": 2, "max_speakers": 3},
    {"num_speakers": 1},
)
"""Options of consecutive recordings, repeated."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A WAV file (16 kHz, mono), the options it is sent with, and its reference turns if it has any."""

    name: str
    path: Path
    duration_s: float
    options: Options = field(default_factory=dict)
    turns: tuple[Turn, ...] = ()

    def content(self) -> bytes:
        return self.path.read_bytes()


def evaluation(size: Size) -> list[Recording]:
    """Return the evaluation set: ten conversations of 150 s between two to four voices that were held out."""
    return [
        synthesise(
            f"evaluation {number}",
            Scene(
                seed=1000 + number,
                duration_s=size.evaluation_s,
                speakers=(2, 2, 3, 3, 4)[number % 5],
                noise_db=12 + 2 * number,
                reverberant=number % 2 == 1,
            ),
        )
        for number in range(size.evaluations)
    ]


def demo(size: Size) -> list[Recording]:
    """Return the recordings for the demo pipelines: unusual and long ones, and the evaluation set."""
    unusual = [*_silent(), *_short(), *_crowded(), *_noisy()][: size.unusual_recordings]
    with_varied_options = [
        Recording(each.name, each.path, each.duration_s, OPTIONS[number % len(OPTIONS)], each.turns)
        for number, each in enumerate(unusual)
    ]
    long = synthesise("longest", Scene(seed=20, duration_s=size.longest_s, speakers=4, noise_db=25))
    return [*with_varied_options, *evaluation(size), long]


def clips(size: Size) -> list[Recording]:
    """Return sixteen clips of 15 s with two or three speakers each, which are sent concurrently."""
    return [
        synthesise(
            f"clip {number}", Scene(seed=2000 + number, duration_s=size.clip_s, speakers=2 + number % 2, noise_db=25)
        )
        for number in range(size.clips)
    ]


def half_minute(size: Size) -> Recording:
    return synthesise("half a minute", Scene(seed=30, duration_s=size.half_minute_s, speakers=3, noise_db=25))


def five_minutes(size: Size) -> Recording:
    return synthesise("five minutes", Scene(seed=300, duration_s=size.five_minutes_s, speakers=4, noise_db=25))


def synthesise(name: str, scene: Scene) -> Recording:
    """Return a synthetic conversation, which is cached."""
    path = _wav(f"{name} of {scene.duration_s:g} s", lambda: _conversation(scene)[0])
    return Recording(name, path, scene.duration_s, turns=_conversation(scene)[1])


@cache
def _conversation(scene: Scene) -> tuple[Samples, tuple[Turn, ...]]:
    samples, turns = conversation(scene)
    return samples, tuple(turns)


def _wav(name: str, create: Callable[[], Samples]) -> Path:
    recordings = cache_dir() / f"recordings-{source_digest([__file__, conversations.__file__, voices.__file__])}"
    recordings.mkdir(exist_ok=True)
    return cached(recordings / f"{name.replace(' ', '-')}.wav", lambda path: write_wav(path, create()))


def _recording(name: str, duration_s: float, create: Callable[[], Samples]) -> Recording:
    return Recording(name, _wav(name, create), duration_s)


def _silent() -> list[Recording]:
    return [
        *(_recording(f"silence {length_s} s", length_s, partial(silence, length_s)) for length_s in (0.1, 1, 10, 60)),
        *(_recording(f"noise {length_s} s", length_s, partial(noise, length_s, 1)) for length_s in (0.5, 10, 30)),
        *(_recording(f"tone {length_s} s", length_s, partial(tone, length_s, 440)) for length_s in (2, 20)),
    ]


def _short() -> list[Recording]:
    return [
        synthesise(f"short {length_s} s", Scene(seed=100 + number, duration_s=length_s, speakers=1 + number % 2))
        for number, length_s in enumerate(SHORT_S)
    ]


def _crowded() -> list[Recording]:
    return [
        synthesise(
            f"{speakers} speakers, overlap {overlap}",
            Scene(seed=10 * speakers, duration_s=15 + 8 * speakers, speakers=speakers, overlap=overlap),
        )
        for overlap in (0, 0.2, 0.6)
        for speakers in range(1, 7)
    ]


def _noisy() -> list[Recording]:
    return [
        synthesise(
            f"{speakers} speakers, noise at -{noise_db} dB",
            Scene(seed=500 + noise_db, duration_s=25, speakers=speakers, noise_db=noise_db, reverberant=True),
        )
        for speakers, noise_db in ((1, 5), (2, 5), (2, 15), (3, 10), (3, 20), (4, 15), (5, 20))
    ]


def with_options(recording: Recording, options: Options) -> Recording:
    """Return the same recording with options."""
    return replace(recording, options=options)
