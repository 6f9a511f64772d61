"""Synthetic conversations with known reference turns."""

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

from benchmarks.engine.recordings.voices import FRAME_SAMPLES, LOUDNESS, SAMPLE_RATE_HZ, Voice, runs, voice_bank

BLOCK_S = 300.0
"""Longer recordings are synthesised in blocks, which limits memory."""
FULL_SCALE = 32767

Samples = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Turn:
    """A reference turn: one speaker is active from `start_s` to `end_s`."""

    speaker: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Parameters of a conversation; equal parameters give equal samples.

    `overlap` is the probability that a turn begins before the previous one ends, `pause_s` the mean pause otherwise;
    `noise_db` is the level of the voices above the noise (None: no noise); `reverberant` adds a room to each voice.
    """

    seed: int
    duration_s: float
    speakers: int
    overlap: float = 0.15
    pause_s: float = 0.5
    noise_db: float | None = None
    reverberant: bool = False


def conversation(scene: Scene, voices: Sequence[Voice] = ()) -> tuple[Samples, list[Turn]]:
    """Return samples (16 kHz, mono) and reference turns; the default voices are those of the bank."""
    rng = random.Random(repr(scene))  # noqa: S311 - reproducible, not secret
    speakers = _Speakers.choose(scene, voices or voice_bank(), rng)
    samples = np.zeros(round(scene.duration_s * SAMPLE_RATE_HZ), np.int16)
    turns: list[Turn] = []
    for start in range(0, len(samples), round(BLOCK_S * SAMPLE_RATE_HZ)):
        block = samples[start : start + round(BLOCK_S * SAMPLE_RATE_HZ)]
        mixed, active = _block(scene, speakers, len(block), rng)
        block[:] = np.clip(mixed * FULL_SCALE, -FULL_SCALE, FULL_SCALE)
        turns += _turns(active, start / SAMPLE_RATE_HZ, scene.duration_s)
    return samples, turns


@dataclass(frozen=True, slots=True)
class _Speakers:
    voices: list[Voice]
    gains: list[float]
    rooms: list[NDArray[np.float64] | None]

    @classmethod
    def choose(cls, scene: Scene, voices: Sequence[Voice], rng: random.Random) -> _Speakers:
        """Choose voices of different variants: two pitches of one variant do not count as two speakers."""
        by_variant: dict[str, list[Voice]] = {}
        for voice in voices:
            by_variant.setdefault(voice.variant, []).append(voice)
        variants = rng.sample(sorted(by_variant), scene.speakers)
        return cls(
            [rng.choice(by_variant[variant]) for variant in variants],
            [10 ** (rng.uniform(-4, 4) / 20) for _ in variants],
            [_room(rng) if scene.reverberant else None for _ in variants],
        )


def _block(
    scene: Scene, speakers: _Speakers, length: int, rng: random.Random
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return samples, shape (length,), and activity, shape (speakers, 10 ms frames)."""
    mixed = np.zeros(length, np.float32)
    frames = -(-length // FRAME_SAMPLES)
    active = np.zeros((scene.speakers, frames), np.bool_)
    available_from = [0] * scene.speakers
    start, last = round(100 * rng.uniform(0, 0.4)), -1
    while scene.speakers and start < frames:
        speaker = _next_speaker(scene.speakers, last, rng)
        utterance = rng.choice(speakers.voices[speaker].utterances)
        start = max(start, available_from[speaker] + 5)
        _add(mixed, start, _render(speakers, speaker, utterance.samples))
        _mark_active(active[speaker], start, utterance.active)
        end = available_from[speaker] = start + len(utterance.active)
        start, last = end + _gap_frames(scene, len(utterance.active), rng), speaker
    return mixed + _noise(scene, length, rng), active


def _next_speaker(speakers: int, last: int, rng: random.Random) -> int:
    """Choose another speaker than the last one in most cases."""
    others = [speaker for speaker in range(speakers) if speaker != last]
    return rng.choice(others) if others and rng.random() < 0.85 else rng.randrange(speakers)  # noqa: PLR2004


def _gap_frames(scene: Scene, utterance_frames: int, rng: random.Random) -> int:
    if scene.speakers > 1 and rng.random() < scene.overlap:
        return -min(round(100 * rng.uniform(0.2, 2.0)), utterance_frames * 4 // 5)
    return min(round(100 * rng.expovariate(1 / scene.pause_s)), 600)


def _render(speakers: _Speakers, speaker: int, samples: Samples) -> NDArray[np.float32]:
    dry = samples * (speakers.gains[speaker] / FULL_SCALE)
    room = speakers.rooms[speaker]
    return (dry if room is None else fftconvolve(dry, room)[: len(dry)]).astype(np.float32)


def _add(mixed: NDArray[np.float32], start: int, sound: NDArray[np.float32]) -> None:
    target = mixed[start * FRAME_SAMPLES : start * FRAME_SAMPLES + len(sound)]
    target += sound[: len(target)]


def _mark_active(active: NDArray[np.bool_], start: int, utterance: NDArray[np.bool_]) -> None:
    target = active[start : start + len(utterance)]
    target |= utterance[: len(target)]


def _turns(active: NDArray[np.bool_], offset_s: float, duration_s: float) -> list[Turn]:
    return [
        Turn(f"speaker{speaker}", offset_s + start / 100, min(offset_s + end / 100, duration_s))
        for speaker, flags in enumerate(active)
        for start, end in runs(flags)
    ]


def _room(rng: random.Random) -> NDArray[np.float64]:
    """Return an impulse response: the direct sound and a tail that decays by 60 dB in 0.1 to 0.4 s."""
    length = round(rng.uniform(0.1, 0.4) * SAMPLE_RATE_HZ)
    tail = np.random.default_rng(rng.getrandbits(32)).standard_normal(length)
    tail *= np.exp(-6.9 * np.arange(length) / length)
    tail *= rng.uniform(0.05, 0.25) / np.linalg.norm(tail)
    tail[0] = 1
    return tail


def _noise(scene: Scene, length: int, rng: random.Random) -> NDArray[np.float32] | float:
    if scene.noise_db is None:
        return 0.0
    white = np.random.default_rng(rng.getrandbits(32)).standard_normal(length, np.float32)
    colour = rng.uniform(0, 0.97)  # from white noise to low rumble
    level = LOUDNESS * 10 ** (-scene.noise_db / 20) * np.sqrt(1 - colour**2)
    return np.asarray(lfilter([level], [1, -colour], white), np.float32)


def silence(duration_s: float) -> Samples:
    """Return digital silence."""
    return np.zeros(round(duration_s * SAMPLE_RATE_HZ), np.int16)


def noise(duration_s: float, seed: int) -> Samples:
    """Return white noise of a voice's loudness."""
    white = np.random.default_rng(seed).standard_normal(round(duration_s * SAMPLE_RATE_HZ))
    return (LOUDNESS * FULL_SCALE * white).clip(-FULL_SCALE, FULL_SCALE).astype(np.int16)


def tone(duration_s: float, frequency_hz: float) -> Samples:
    """Return a sine tone."""
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
