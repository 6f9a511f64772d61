"""A bank of utterances by synthetic voices that were not in the demo model's training data, with their activity."""

from __future__ import annotations

import io
import random
import subprocess
import wave
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from benchmarks.engine.cache import cache_dir, cached, source_digest

SAMPLE_RATE_HZ = 16000
ESPEAK_RATE_HZ = 22050
FRAME_SAMPLES = SAMPLE_RATE_HZ // 100
"""Ten milliseconds, the resolution of reference turns."""
SHORTEST_PAUSE_FRAMES = 25
"""Shorter gaps within an utterance count as speech."""
LOUDNESS = 0.06
"""Root mean square of an utterance, as in the demo model's training data."""

_VARIANTS = "klatt RicishayMax2 caleb ed klatt4 Alex michel f5 iven Mike boris sandro edward quincy Alicia iven3"
VARIANTS = _VARIANTS.split()
"""espeak-ng's variants that were held out of the demo model's training and tuning."""
_LANGUAGES = "en-us en-gb de fr-fr es it pt-br nl sv pl ro tr cs"
LANGUAGES = _LANGUAGES.split()
PITCHES = (20, 45, 70)
UTTERANCES_PER_VOICE = 10

_WORDS = (
    "the river turns slowly past old mills where nobody works today and morning light falls over seven quiet boats "
    "tell your sister that we shall meet beside the station after lunch because our train leaves early tomorrow "
    "please write down every number you remember since winter began some people never answer letters from strangers "
    "green apples cost less than bread but cheese is dear around here during summer months question nine remains open "
    "doctors nurses teachers farmers drivers all want shorter days longer nights fewer meetings better coffee"
)
WORDS = _WORDS.split()


@dataclass(frozen=True, slots=True)
class Utterance:
    """Samples (int16, 16 kHz) and the voice's activity per 10 ms."""

    samples: NDArray[np.int16]
    active: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Voice:
    """A speaker and all of its utterances."""

    variant: str
    utterances: tuple[Utterance, ...]


@cache
def voice_bank() -> tuple[Voice, ...]:
    """Return all voices in a fixed order; they are synthesised once and cached."""
    path = cached(cache_dir() / f"voices-{source_digest([__file__])}.npz", _synthesise_all)
    with np.load(path) as file:
        samples, active = file["samples"], file["active"]
        cuts, frames, voices = file["cuts"], file["frame_cuts"], file["voices"]
    by_voice: dict[str, list[Utterance]] = {}
    for number, name in enumerate(voices):
        utterance = Utterance(samples[cuts[number] : cuts[number + 1]], active[frames[number] : frames[number + 1]])
        by_voice.setdefault(str(name), []).append(utterance)
    return tuple(Voice(name.split("/")[0], tuple(utterances)) for name, utterances in by_voice.items())


def _synthesise_all(path: Path) -> None:
    all_parameters = [
        (variant, pitch, take) for variant in VARIANTS for pitch in PITCHES for take in range(UTTERANCES_PER_VOICE)
    ]
    with ThreadPoolExecutor(2) as threads:
        utterances = list(threads.map(lambda parameters: _synthesise(*parameters), all_parameters))
    with path.open("wb") as file:
        np.savez(
            file,
            samples=np.concatenate([utterance.samples for utterance in utterances]),
            active=np.concatenate([utterance.active for utterance in utterances]),
            cuts=np.cumsum([0, *(len(utterance.samples) for utterance in utterances)]),
            frame_cuts=np.cumsum([0, *(len(utterance.active) for utterance in utterances)]),
            voices=np.array([f"{variant}/{pitch}" for variant, pitch, _ in all_parameters]),
        )


def _synthesise(variant: str, pitch: int, take: int) -> Utterance:
    rng = random.Random(f"{variant}/{pitch}")  # noqa: S311 - reproducible, not secret
    language, pace = rng.choice(LANGUAGES), rng.randint(140, 185)
    rng.seed(f"{variant}/{pitch}/{take}")
    sentence = " ".join(rng.choices(WORDS, k=rng.randint(4, 16)))
    options = ["-v", f"{language}+{variant}", "-p", str(pitch + rng.randint(-3, 3)), "-s", str(pace)]
    wav = subprocess.run(["espeak-ng", *options, "--stdout", sentence], capture_output=True, check=True).stdout
    with wave.open(io.BytesIO(wav)) as reader:
        if reader.getframerate() != ESPEAK_RATE_HZ:
            raise ValueError(f"espeak-ng wrote audio of {reader.getframerate()} Hz instead of {ESPEAK_RATE_HZ} Hz.")
        # The header that espeak-ng writes to a pipe contains a wrong length.
        samples = np.frombuffer(reader.readframes(len(wav) // 2), "<i2")
    return _trimmed(resample_poly(samples / 32768, 320, 441))


def _trimmed(samples: NDArray[np.floating]) -> Utterance:
    """Return the part from the first to the last active frame, scaled to a common loudness."""
    frames = samples[: len(samples) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    level = np.sqrt((frames**2).mean(axis=1))
    active = level > max(0.04 * np.percentile(level, 95), 1e-4)
    first, last = np.flatnonzero(active)[[0, -1]]
    frames, active = frames[first : last + 1], _fill_short_gaps(active[first : last + 1])
    gain = LOUDNESS / np.sqrt((frames**2).mean())
    return Utterance(np.clip(frames.ravel() * gain * 32767, -32767, 32767).astype(np.int16), active)


def _fill_short_gaps(active: NDArray[np.bool_]) -> NDArray[np.bool_]:
    whole = active.copy()
    for start, end in runs(~active):
        whole[start:end] = end - start < SHORTEST_PAUSE_FRAMES
    return whole


def runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the start and the end (exclusive) of each run of true flags."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]
