"""Recordings in every format, made by the ffmpeg command from one sound; and what is not a recording."""

from __future__ import annotations

import io
import struct
import subprocess
import tempfile
import wave
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
"""Name: ffmpeg's arguments."""


def wav(samples: NDArray[np.int16], rate_hz: int = SAMPLE_RATE_HZ) -> bytes:
    """Samples, shape (samples,) or (samples, channels), as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        writer.setsampwidth(2)
        writer.setframerate(rate_hz)
        writer.writeframes(samples.astype("<i2").tobytes())
    return file.getvalue()


def sweep(duration_s: float, rate_hz: int = SAMPLE_RATE_HZ) -> NDArray[np.int16]:
    """A tone that climbs from 200 to 1200 Hz."""
    time_s = np.arange(round(duration_s * rate_hz)) / rate_hz
    return (8000 * np.sin(2 * np.pi * (200 + 500 * time_s / duration_s) * time_s)).astype(np.int16)


def encode(recording: bytes, arguments: str) -> bytes:
    """`recording` as ffmpeg's arguments say, written to a file."""
    with tempfile.NamedTemporaryFile() as file:
        _ffmpeg(recording, [*arguments.split(), file.name])
        return Path(file.name).read_bytes()


def encode_to_pipe(recording: bytes, arguments: str) -> bytes:
    """The same written to a pipe: neither size nor duration can be put into the header afterwards."""
    return _ffmpeg(recording, [*arguments.split(), "pipe:1"])


def patched(recording: bytes, position: int, replacement: bytes) -> bytes:
    return recording[:position] + replacement + recording[position + len(replacement) :]


def wav_with_sample_rate(rate_hz: int) -> bytes:
    return patched(wav(sweep(1.0)), 24, struct.pack("<I", rate_hz))


def flac_with_declared_samples(samples_count: int) -> bytes:
    """STREAMINFO holds the number of samples in 36 bits, of which the upper 4 are zero here."""
    return patched(encode(wav(sweep(10.0)), "-f flac"), 22, struct.pack(">I", samples_count))


def flac_decompression_bomb(size_bytes: int) -> bytes:
    """Silence, 14 bytes for 4608 samples, over and over; its header does not say how long."""
    flac = encode_to_pipe(wav(np.zeros(300 * 16000, np.int16)), "-f flac")
    frames = flac[flac.index(b"\xff\xf8") :]
    head = flac[: -len(frames)]
    return head + frames * (size_bytes // len(frames))


def _ffmpeg(recording: bytes, arguments: list[str]) -> bytes:
    argv = ["ffmpeg", "-v", "error", "-y", "-i", "pipe:0", *arguments]
    return subprocess.run(argv, input=recording, capture_output=True, check=True).stdout
