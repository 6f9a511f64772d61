"""Conversations of known truth: who speaks when is decided here, and only then heard."""

from __future__ import annotations

import random
import subprocess
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve, lfilter

from benchmarks.engine.voices import FRAME_SAMPLES, LOUDNESS, SAMPLE_RATE_HZ, Voice, bank, runs

BLOCK_S = 300.0
"""Longer recordings are spoken block by block: memory stays small."""
FULL_SCALE = 32767

Samples = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Turn:
    """One speaker is heard from `start_s` to `end_s`."""

    speaker: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a conversation is like; equal scenes sound equal.

    `overlap` is the chance that a turn begins before the last one ended, `pause_s` the mean pause otherwise; `noise_db`
    is how far below the voices the noise lies (none: no noise); `reverberant` puts each voice into a room.
    """

    seed: int
    duration_s: float
    speakers: int
    overlap: float = 0.15
    pause_s: float = 0.5
    noise_db: float | None = None
    reverberant: bool = False


def conversation(scene: Scene, voices: Sequence[Voice] = ()) -> tuple[Samples, list[Turn]]:
    """Samples (16 kHz, mono) and the truth; spoken by the bank's voices, unless there are others."""
    chance = random.Random(repr(scene))  # noqa: S311 - reproducible, not secret
    cast = _Cast.of(scene, voices or bank(), chance)
    samples = np.zeros(round(scene.duration_s * SAMPLE_RATE_HZ), np.int16)
    turns: list[Turn] = []
    for start in range(0, len(samples), round(BLOCK_S * SAMPLE_RATE_HZ)):
        block = samples[start : start + round(BLOCK_S * SAMPLE_RATE_HZ)]
        mixed, heard = _block(scene, cast, len(block), chance)
        block[:] = np.clip(mixed * FULL_SCALE, -FULL_SCALE, FULL_SCALE)
        turns += _turns(heard, start / SAMPLE_RATE_HZ, scene.duration_s)
    return samples, turns


@dataclass(frozen=True, slots=True)
class _Cast:
    voices: list[Voice]
    gains: list[float]
    rooms: list[NDArray[np.float64] | None]

    @classmethod
    def of(cls, scene: Scene, voices: Sequence[Voice], chance: random.Random) -> _Cast:
        """Voices of as many variants: two pitches of one variant are no two speakers."""
        by_variant: dict[str, list[Voice]] = {}
        for voice in voices:
            by_variant.setdefault(voice.variant, []).append(voice)
        variants = chance.sample(sorted(by_variant), scene.speakers)
        return cls(
            [chance.choice(by_variant[variant]) for variant in variants],
            [10 ** (chance.uniform(-4, 4) / 20) for _ in variants],
            [_room(chance) if scene.reverberant else None for _ in variants],
        )


def _block(
    scene: Scene, cast: _Cast, length: int, chance: random.Random
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Samples (length,) and who is heard (speakers, 10 ms frames)."""
    mixed = np.zeros(length, np.float32)
    frames = -(-length // FRAME_SAMPLES)
    heard = np.zeros((scene.speakers, frames), np.bool_)
    free = [0] * scene.speakers
    start, last = round(100 * chance.uniform(0, 0.4)), -1
    while scene.speakers and start < frames:
        speaker = _next_speaker(scene.speakers, last, chance)
        utterance = chance.choice(cast.voices[speaker].utterances)
        start = max(start, free[speaker] + 5)
        _place(mixed, start, _sound(cast, speaker, utterance.samples))
        _mark(heard[speaker], start, utterance.heard)
        end = free[speaker] = start + len(utterance.heard)
        start, last = end + _until_next(scene, len(utterance.heard), chance), speaker
    return mixed + _noise(scene, length, chance), heard


def _next_speaker(speakers: int, last: int, chance: random.Random) -> int:
    """Mostly somebody else."""
    others = [speaker for speaker in range(speakers) if speaker != last]
    return chance.choice(others) if others and chance.random() < 0.85 else chance.randrange(speakers)  # noqa: PLR2004 - taste


def _until_next(scene: Scene, utterance_frames: int, chance: random.Random) -> int:
    if scene.speakers > 1 and chance.random() < scene.overlap:
        return -min(round(100 * chance.uniform(0.2, 2.0)), utterance_frames * 4 // 5)
    return min(round(100 * chance.expovariate(1 / scene.pause_s)), 600)


def _sound(cast: _Cast, speaker: int, samples: Samples) -> NDArray[np.float32]:
    dry = samples * (cast.gains[speaker] / FULL_SCALE)
    room = cast.rooms[speaker]
    return (dry if room is None else fftconvolve(dry, room)[: len(dry)]).astype(np.float32)


def _place(mixed: NDArray[np.float32], start: int, sound: NDArray[np.float32]) -> None:
    there = mixed[start * FRAME_SAMPLES : start * FRAME_SAMPLES + len(sound)]
    there += sound[: len(there)]


def _mark(heard: NDArray[np.bool_], start: int, utterance: NDArray[np.bool_]) -> None:
    there = heard[start : start + len(utterance)]
    there |= utterance[: len(there)]


def _turns(heard: NDArray[np.bool_], offset_s: float, duration_s: float) -> list[Turn]:
    return [
        Turn(f"speaker{speaker}", offset_s + start / 100, min(offset_s + end / 100, duration_s))
        for speaker, flags in enumerate(heard)
        for start, end in runs(flags)
    ]


def _room(chance: random.Random) -> NDArray[np.float64]:
    """The direct sound, and a tail that fades by 60 dB in 0.1 to 0.4 s."""
    length = round(chance.uniform(0.1, 0.4) * SAMPLE_RATE_HZ)
    tail = np.random.default_rng(chance.getrandbits(32)).standard_normal(length)
    tail *= np.exp(-6.9 * np.arange(length) / length)
    tail *= chance.uniform(0.05, 0.25) / np.linalg.norm(tail)
    tail[0] = 1
    return tail


def _noise(scene: Scene, length: int, chance: random.Random) -> NDArray[np.float32] | float:
    if scene.noise_db is None:
        return 0.0
    white = np.random.default_rng(chance.getrandbits(32)).standard_normal(length, np.float32)
    colour = chance.uniform(0, 0.97)  # from white to rumble
    level = LOUDNESS * 10 ** (-scene.noise_db / 20) * np.sqrt(1 - colour**2)
    return np.asarray(lfilter([level], [1, -colour], white), np.float32)


def silence(duration_s: float) -> Samples:
    """Digital silence."""
    return np.zeros(round(duration_s * SAMPLE_RATE_HZ), np.int16)


def noise(duration_s: float, seed: int) -> Samples:
    """White noise as loud as a voice."""
    white = np.random.default_rng(seed).standard_normal(round(duration_s * SAMPLE_RATE_HZ))
    return (LOUDNESS * FULL_SCALE * white).clip(-FULL_SCALE, FULL_SCALE).astype(np.int16)


def tone(duration_s: float, frequency_hz: float) -> Samples:
    """A steady tone."""
    time_s = np.arange(round(duration_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return (LOUDNESS * FULL_SCALE * 1.4 * np.sin(2 * np.pi * frequency_hz * time_s)).astype(np.int16)


def write_wav(path: Path, samples: Samples) -> None:
    with wave.open(str(path), "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(SAMPLE_RATE_HZ)
        writer.writeframes(samples.astype("<i2").tobytes())


def write_flac(path: Path, samples: Samples) -> None:
    argv = ["ffmpeg", "-v", "error", "-y", "-f", "s16le", "-ar", str(SAMPLE_RATE_HZ), "-ac", "1", "-i", "pipe:0"]
    subprocess.run([*argv, "-f", "flac", path], input=samples.astype("<i2").tobytes(), check=True)
