"""Files that are not an accepted recording are rejected when they are opened, with a message that says why."""

from __future__ import annotations

import base64
import io
import struct

import av.error
import numpy as np
import pytest
from audio_calls import decoded, measured_s
from sd_engine.audio.probe import AudioFile
from sd_engine.errors import InvalidArgumentError
from sd_harness.engine.recordings import SAMPLE_RATE_HZ, encode, sweep, wav, wav_with_sample_rate

WAV = wav(sweep(3.0))
PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
NO_DATA_CHUNK = b"RIFF" + struct.pack("<I", 4) + b"WAVE"

NOT_RECORDINGS = {
    "an empty file": (b"", "AUDIO_DATA is empty; send WAV, FLAC"),
    "text": (b"Dear engine, please listen to this.", r"not a recording .* \(it is text\); send WAV, FLAC"),
    "a playlist": (PLAYLIST, r"not a recording .* \(it is text\)"),
    "base64 twice": (base64.b64encode(WAV), r"not a recording .* \(it is text\)"),
    "an image": (b"\x89PNG\r\n\x1a\n" + bytes(100), r"not a recording .* begins with 89 50 4e 47"),
    "one byte": (b"\x00", r"not a recording"),
    "half an ID3 tag": (b"ID3\x03\0\0\0\0", r"not a recording"),
    "a WAV without audio": (wav(np.zeros(0, np.int16)), "holds no audio that can be decoded"),
    "a WAV without a data chunk": (NO_DATA_CHUNK, "is truncated"),
    "a WAV of another codec": (
        encode(WAV, "-f wav -c:a adpcm_ms"),
        r"encoded as adpcm_ms, which is not accepted in WAV",
    ),
    "an image in an M4A": (encode(WAV, "-f lavfi -i testsrc=d=1 -map 1:v -f mp4"), "the M4A file holds no audio"),
    "the first bytes of an M4A": (b"\0\0\0\x18ftypM4A " + bytes(12), "M4A recording is damaged or truncated"),
}

REJECTED_STREAMS = {
    "a sample rate of 0": (wav_with_sample_rate(0), "sample rate|damaged"),
    "a sample rate of 10 Hz": (
        wav_with_sample_rate(10),
        r"sample rate is 10 Hz; it must be between 1000 and 768000 Hz\.",
    ),
    "a sample rate of 1 MHz": (wav_with_sample_rate(1_000_000), r"sample rate is 1000000 Hz; it must be between"),
    "the largest sample rate": (wav_with_sample_rate(0xFFFFFFFF), "sample rate|damaged"),
    "33 channels": (
        wav(np.zeros((1600, 33), np.int16)),
        r"has 33 channels; 1 to 32 are allowed\. Mix them down to one\.",
    ),
}


@pytest.mark.parametrize("name", NOT_RECORDINGS)
def test_a_file_that_is_not_a_recording_is_rejected(name: str) -> None:
    recording, message = NOT_RECORDINGS[name]

    with pytest.raises(InvalidArgumentError, match=message):
        decoded(recording)
    with pytest.raises(InvalidArgumentError, match=message):
        measured_s(recording)


@pytest.mark.parametrize("name", REJECTED_STREAMS)
def test_sample_rate_and_channels_are_checked_without_decoding(name: str) -> None:
    recording, message = REJECTED_STREAMS[name]

    with pytest.raises(InvalidArgumentError, match=message):
        measured_s(recording)


def test_an_allocation_error_of_ffmpeg_is_reported_as_a_damaged_file() -> None:
    """A few bytes can request gigabytes; the process itself remains intact."""
    audio = AudioFile(io.BytesIO(wav(sweep(1.0))), max_duration_s=10)
    rejected = pytest.raises(InvalidArgumentError, match="it requires more memory than a recording needs")

    with audio, rejected, audio.translated_errors():
        raise av.error.MemoryError(12, "Cannot allocate memory")


@pytest.mark.parametrize(
    ("arguments", "declared_s"),
    [("-f flac", 3.0), ("-f ipod -c:a alac", 3.0), ("-f wav", None), ("-f mp3", None), ("-f ogg -c:a libopus", None)],
)
def test_only_durations_from_a_header_count_as_declared(arguments: str, declared_s: float | None) -> None:
    with AudioFile(io.BytesIO(encode(WAV, arguments)), max_duration_s=10) as audio:
        assert audio.declared_duration_s == declared_s


def test_a_declared_duration_above_the_maximum_is_rejected_when_the_file_is_opened() -> None:
    with pytest.raises(InvalidArgumentError, match=r"longer than the allowed 2 s \(maxAudioDuration\)\."):
        AudioFile(io.BytesIO(encode(WAV, "-f flac")), max_duration_s=2)


def test_the_audio_stream_of_a_video_is_used() -> None:
    video = encode(WAV, "-f lavfi -i testsrc=duration=3 -map 0:a -map 1:v -f mp4 -c:a aac")

    assert len(decoded(video)) / SAMPLE_RATE_HZ == pytest.approx(3.0, abs=0.1)


def test_tags_that_are_not_utf_8_are_accepted() -> None:
    tagged = encode(wav(sweep(1.0)), "-f wav -metadata title=Gruss").replace(b"Gruss", b"Gr\xfcss")

    assert len(decoded(tagged)) == SAMPLE_RATE_HZ
