"""A bank of utterances by synthetic voices that the demo model has never heard, with when each one is heard in them."""

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

from benchmarks.engine.cache import digest, folder, kept

SAMPLE_RATE_HZ = 16000
ESPEAK_RATE_HZ = 22050
FRAME_SAMPLES = SAMPLE_RATE_HZ // 100
"""Ten milliseconds: how finely the truth is known."""
SHORTEST_PAUSE_FRAMES = 25
"""A shorter gap within a voice's words is speech."""
LOUDNESS = 0.06
"""Root mean square of an utterance: that of the voices which the demo model knows."""

_VARIANTS = "klatt RicishayMax2 caleb ed klatt4 Alex michel f5 iven Mike boris sandro edward quincy Alicia iven3"
VARIANTS = _VARIANTS.split()
"""espeak-ng's variants that were held out of the demo model's training and of its tuning."""
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
    """Samples (int16, 16 kHz) and, for each 10 ms of them, whether the voice is heard."""

    samples: NDArray[np.int16]
    heard: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Voice:
    """One speaker and all that this speaker ever says."""

    variant: str
    utterances: tuple[Utterance, ...]


@cache
def bank() -> tuple[Voice, ...]:
    """All voices, in a fixed order; spoken once and then kept."""
    recipe = digest(Path(__file__).read_bytes())
    path = kept(folder() / f"voices-{recipe}.npz", _speak_all)
    with np.load(path) as file:
        samples, heard = file["samples"], file["heard"]
        cuts, frames, voices = file["cuts"], file["frame_cuts"], file["voices"]
    spoken: dict[str, list[Utterance]] = {}
    for number, name in enumerate(voices):
        piece = Utterance(samples[cuts[number] : cuts[number + 1]], heard[frames[number] : frames[number + 1]])
        spoken.setdefault(str(name), []).append(piece)
    return tuple(Voice(name.split("/")[0], tuple(pieces)) for name, pieces in spoken.items())


def _speak_all(path: Path) -> None:
    orders = [
        (variant, pitch, take) for variant in VARIANTS for pitch in PITCHES for take in range(UTTERANCES_PER_VOICE)
    ]
    with ThreadPoolExecutor(2) as threads:
        spoken = list(threads.map(lambda order: _spoken(*order), orders))
    with path.open("wb") as file:
        np.savez(
            file,
            samples=np.concatenate([piece.samples for piece in spoken]),
            heard=np.concatenate([piece.heard for piece in spoken]),
            cuts=np.cumsum([0, *(len(piece.samples) for piece in spoken)]),
            frame_cuts=np.cumsum([0, *(len(piece.heard) for piece in spoken)]),
            voices=np.array([f"{variant}/{pitch}" for variant, pitch, _ in orders]),
        )


def _spoken(variant: str, pitch: int, take: int) -> Utterance:
    chance = random.Random(f"{variant}/{pitch}")  # noqa: S311 - reproducible, not secret
    language, pace = chance.choice(LANGUAGES), chance.randint(140, 185)
    chance.seed(f"{variant}/{pitch}/{take}")
    sentence = " ".join(chance.choices(WORDS, k=chance.randint(4, 16)))
    options = ["-v", f"{language}+{variant}", "-p", str(pitch + chance.randint(-3, 3)), "-s", str(pace)]
    wav = subprocess.run(["espeak-ng", *options, "--stdout", sentence], capture_output=True, check=True).stdout
    with wave.open(io.BytesIO(wav)) as reader:
        if reader.getframerate() != ESPEAK_RATE_HZ:
            raise ValueError(f"espeak-ng spoke at {reader.getframerate()} Hz; {ESPEAK_RATE_HZ} Hz was expected.")
        # To a pipe espeak-ng writes a header that promises more than it can know.
        spoken = np.frombuffer(reader.readframes(len(wav) // 2), "<i2")
    return _trimmed(resample_poly(spoken / 32768, 320, 441))


def _trimmed(samples: NDArray[np.floating]) -> Utterance:
    """From the first to the last 10 ms in which the voice is heard, all of one loudness."""
    frames = samples[: len(samples) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    level = np.sqrt((frames**2).mean(axis=1))
    heard = level > max(0.04 * np.percentile(level, 95), 1e-4)
    first, last = np.flatnonzero(heard)[[0, -1]]
    frames, heard = frames[first : last + 1], _without_short_gaps(heard[first : last + 1])
    gain = LOUDNESS / np.sqrt((frames**2).mean())
    return Utterance(np.clip(frames.ravel() * gain * 32767, -32767, 32767).astype(np.int16), heard)


def _without_short_gaps(heard: NDArray[np.bool_]) -> NDArray[np.bool_]:
    whole = heard.copy()
    for start, end in runs(~heard):
        whole[start:end] = end - start < SHORTEST_PAUSE_FRAMES
    return whole


def runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Where `flags` is true: (first, one past the last) of each run."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]
