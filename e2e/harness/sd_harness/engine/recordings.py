"""Recordings in every supported format, encoded with the ffmpeg command, and invalid ones."""

from __future__ import annotations

import io
import struct
import subprocess
import tempfile
import wave
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 16000

FORMATS = {
    "wav 16 kHz": "-f wav",
    "wav 8 kHz": "-f wav -ar 8000",
    "wav 44.1 kHz stereo": "-f wav -ar 44100 -af pan=stereo|c0=c0|c1=c0",
    "wav 24 bit": "-f wav -c:a pcm_s24le",
    "wav float": "-f wav -c:a pcm_f32le",
    "wav 8 bit": "-f wav -c:a pcm_u8",
    "wav mu-law": "-f wav -ar 8000 -c:a pcm_mulaw",
    "flac": "-f flac",
    "flac 24 bit 48 kHz": "-f flac -sample_fmt s32 -ar 48000",
    "mp3": "-f mp3",
    "mp3 with tags": "-f mp3 -id3v2_version 3 -write_id3v1 1 -metadata title=Grüße",
    "ogg opus": "-f ogg -c:a libopus",
    "ogg vorbis": "-f ogg -c:a libvorbis",
    "m4a": "-f ipod -c:a aac",
    "m4a index first": "-f ipod -c:a aac -movflags +faststart",
    "m4a alac": "-f ipod -c:a alac",
    "aac": "-f adts -c:a aac",
    "webm opus": "-f webm -c:a libopus",
    "mkv flac": "-f matroska -c:a flac",
}
"""Arguments of ffmpeg, by the name of the format."""


def wav(samples: NDArray[np.int16], sample_rate_hz: int = SAMPLE_RATE_HZ) -> bytes:
    """Return samples, shape (samples,) or (samples, channels), as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        writer.setsampwidth(2)
        writer.setframerate(sample_rate_hz)
        writer.writeframes(samples.astype("<i2").tobytes())
    return file.getvalue()


def sweep(duration_s: float, sample_rate_hz: int = SAMPLE_RATE_HZ) -> NDArray[np.int16]:
    """Return a sine sweep from 200 to 1200 Hz, shape (samples,)."""
    time_s = np.arange(round(duration_s * sample_rate_hz)) / sample_rate_hz
    return (8000 * np.sin(2 * np.pi * (200 + 500 * time_s / duration_s) * time_s)).astype(np.int16)


@lru_cache(maxsize=128)
def encode(recording: bytes, arguments: str) -> bytes:
    """Encode `recording` with ffmpeg into a file; return its content."""
    with tempfile.NamedTemporaryFile() as file:
        _ffmpeg(recording, [*arguments.split(), file.name])
        return Path(file.name).read_bytes()


def encode_to_pipe(recording: bytes, arguments: str) -> bytes:
    """Encode `recording` with ffmpeg into a pipe: the header can hold neither size nor duration."""
    return _ffmpeg(recording, [*arguments.split(), "pipe:1"])


def overwrite(recording: bytes, offset: int, replacement: bytes) -> bytes:
    """Replace the bytes at `offset`, keeping the length."""
    return recording[:offset] + replacement + recording[offset + len(replacement) :]


def wav_with_sample_rate(sample_rate_hz: int) -> bytes:
    """Return a WAV file whose header holds this sample rate."""
    return overwrite(wav(sweep(1.0)), 24, struct.pack("<I", sample_rate_hz))


def flac_with_declared_samples(samples_count: int) -> bytes:
    """Return a FLAC file of 10 s that declares this number of samples (the lower 32 of STREAMINFO's 36 bits)."""
    return overwrite(encode(wav(sweep(10.0)), "-f flac"), 22, struct.pack(">I", samples_count))


def flac_decompression_bomb(size_bytes: int) -> bytes:
    """Return a FLAC file of silence that needs 14 bytes per 4608 samples and declares no duration."""
    flac = encode_to_pipe(wav(np.zeros(300 * 16000, np.int16)), "-f flac")
    frames = flac[flac.index(b"\xff\xf8") :]
    header = flac[: -len(frames)]
    return header + frames * (size_bytes // len(frames))


def _ffmpeg(recording: bytes, arguments: list[str]) -> bytes:
    argv = ["ffmpeg", "-v", "error", "-y", "-i", "pipe:0", *arguments]
    return subprocess.run(argv, input=recording, capture_output=True, check=True).stdout
