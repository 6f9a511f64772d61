"""A sample conversation of three synthetic voices, with exactly known turns."""

from __future__ import annotations

import array
import io
import math
import operator
import subprocess
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SAMPLE_RATE_HZ = 16000
ESPEAK_RATE_HZ = 22050
PAUSE_S = 0.45
LOUDNESS = 0.06 * 32768
"""Root mean square of a turn, as in the training data of the demo model."""


@dataclass(frozen=True, slots=True)
class Voice:
    """One speaker, in espeak-ng's terms: language and variant, pitch (0 to 99), words per minute."""

    name: str
    pitch: int
    words_per_minute: int


@dataclass(frozen=True, slots=True)
class Turn:
    """One utterance of a speaker, from `start_s` to `end_s` of the recording."""

    speaker: str
    start_s: float
    end_s: float


VOICES = {
    "Linda": Voice("en-us+linda", 75, 165),
    "Victor": Voice("en-us+victor", 25, 150),
    "Kate": Voice("en-gb+klatt4", 50, 160),
}

SCRIPT = (
    ("Linda", "Good morning, both of you. Thank you for joining the call. Shall we go through the plan for this week?"),
    (
        "Victor",
        "Good morning. Yes, let us begin with the recordings from Tuesday. I have listened to all of them by now.",
    ),
    ("Kate", "I have not had the time yet, I am afraid. Were there any that we should look at together today?"),
    ("Victor", "Two of them are worth it. In the first one, four people talk at the same table and nobody waits."),
    ("Linda", "That is the kind of recording we wanted. How long is it, and who has agreed that we may use it?"),
    ("Victor", "A little over an hour. Everybody who can be heard in it has signed the paper, I have it here."),
    ("Kate", "Wonderful. Then I can prepare the reference this afternoon, and send it to you before the evening."),
    ("Linda", "Please mark the places where two people speak at once. Those were missing from the last one."),
    ("Kate", "I will. And what about the second recording that you mentioned? Is it another meeting?"),
    ("Victor", "No, that one is a telephone call. The line is poor, but the two voices are easy to tell apart."),
    ("Linda", "Good, then let us keep it for later. I would rather finish the first one properly before we move on."),
    ("Kate", "Agreed. I will write down what is still open, and we can speak about it again on Thursday."),
)


def write_conversation(path: Path) -> list[Turn]:
    """Write the conversation to `path` (WAV, 16 kHz, mono, 16 bit; about 70 s); return its turns.

    The file depends only on the version of espeak-ng.
    """
    pause = array.array("h", bytes(2 * round(PAUSE_S * SAMPLE_RATE_HZ)))
    recording, turns = array.array("h", pause), []
    for speaker, sentence in SCRIPT:
        samples = _synthesize(VOICES[speaker], sentence)
        start_s, duration_s = len(recording) / SAMPLE_RATE_HZ, len(samples) / SAMPLE_RATE_HZ
        turns.append(Turn(speaker, start_s, start_s + duration_s))
        recording += samples + pause
    _write_wav(path, recording)
    return turns


def _synthesize(voice: Voice, sentence: str) -> array.array[int]:
    samples = list(_resampled(_trimmed(_espeak(voice, sentence))))
    gain = LOUDNESS / math.sqrt(sum(sample * sample for sample in samples) / len(samples))
    return array.array("h", (max(-32767, min(32767, round(gain * sample))) for sample in samples))


def _espeak(voice: Voice, sentence: str) -> array.array[int]:
    argv = ["espeak-ng", "-v", voice.name, "-p", str(voice.pitch), "-s", str(voice.words_per_minute), "--stdout"]
    wav = subprocess.run([*argv, sentence], capture_output=True, check=True).stdout
    with wave.open(io.BytesIO(wav)) as reader:
        if reader.getframerate() != ESPEAK_RATE_HZ:
            raise ValueError(f"espeak-ng returned {reader.getframerate()} Hz; expected {ESPEAK_RATE_HZ} Hz.")
        # On a pipe, the header of espeak-ng claims more frames than follow; readframes stops at the end.
        return array.array("h", reader.readframes(len(wav) // 2))


def _trimmed(samples: array.array[int]) -> array.array[int]:
    """Return the samples without leading and trailing silence, so that a turn's times are those of the voice."""
    loud = [index for index, sample in enumerate(samples) if abs(sample) > 200]  # noqa: PLR2004 - 0.6 % of full scale
    return samples[loud[0] : loud[-1] + 1]


UP, DOWN = 320, 441
"""16000 / 22050, in lowest terms."""
HALF_WIDTH = 12
"""Input samples on each side that contribute to an output sample."""


def _resampled(samples: array.array[int]) -> Iterator[float]:
    """Resample from 22050 to 16000 Hz with a windowed sinc, one filter for each of the 320 phases."""
    padding = array.array("h", bytes(2 * HALF_WIDTH))
    padded = padding + samples + padding
    filters = [_filter(phase / UP) for phase in range(UP)]
    for output in range(len(samples) * UP // DOWN):
        position, phase = divmod(output * DOWN, UP)
        yield sum(map(operator.mul, filters[phase], padded[position + 1 : position + 1 + 2 * HALF_WIDTH]))


def _filter(fraction: float) -> list[float]:
    """Return the weights of the 24 samples around a point that lies `fraction` of a sample after the twelfth."""
    cutoff = 0.94 * UP / DOWN
    distances = [index - (HALF_WIDTH - 1) - fraction for index in range(2 * HALF_WIDTH)]
    return [cutoff * _sinc(cutoff * distance) * _hann(distance / HALF_WIDTH) for distance in distances]


def _sinc(x: float) -> float:
    return 1.0 if x == 0 else math.sin(math.pi * x) / (math.pi * x)


def _hann(x: float) -> float:
    return 0.5 + 0.5 * math.cos(math.pi * max(-1.0, min(1.0, x)))


def _write_wav(path: Path, samples: array.array[int]) -> None:
    with wave.open(str(path), "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(SAMPLE_RATE_HZ)
        writer.writeframes(samples.tobytes())
