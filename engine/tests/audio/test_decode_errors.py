"""What is not a whole, allowed recording is refused with a sentence that says why."""

from __future__ import annotations

import base64
import io
import struct
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from sd_engine.audio.decode import decode_blocks
from sd_engine.audio.duration import measure_duration_s
from sd_engine.errors import InvalidArgumentError
from sd_harness.engine.recordings import encode, encode_to_pipe, sweep, wav

WAV = wav(sweep(3.0))
PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
NO_DATA_CHUNK = b"RIFF" + struct.pack("<I", 4) + b"WAVE"

NOT_RECORDINGS = {
    "nothing": (b"", "AUDIO_DATA is empty; send WAV, FLAC"),
    "text": (b"Dear engine, please listen to this.", r"not a recording .* \(it is text\); send WAV, FLAC"),
    "a playlist": (PLAYLIST, r"not a recording .* \(it is text\)"),
    "base64 twice": (base64.b64encode(WAV), r"not a recording .* \(it is text\)"),
    "an image": (b"\x89PNG\r\n\x1a\n" + bytes(100), r"not a recording .* begins with 89 50 4e 47"),
    "one byte": (b"\x00", r"not a recording"),
    "half a tag": (b"ID3\x03\0\0\0\0", r"not a recording"),
    "a WAV without audio": (wav(np.zeros(0, np.int16)), "holds no audio that can be decoded"),
    "a WAV without a data chunk": (NO_DATA_CHUNK, "is truncated"),
    "a WAV of another codec": (
        encode(WAV, "-f wav -c:a adpcm_ms"),
        r"encoded as adpcm_ms, which is not accepted in WAV",
    ),
    "an image in an M4A": (encode(WAV, "-f lavfi -i testsrc=d=1 -map 1:v -f mp4"), "the M4A file holds no audio"),
    "only the head of an M4A": (b"\0\0\0\x18ftypM4A " + bytes(12), "M4A recording is damaged or truncated"),
}


def refusal(recording: bytes, *, max_duration_s: float = 3600) -> str:
    with pytest.raises(InvalidArgumentError) as refused:
        np.concatenate(list(decode_blocks(io.BytesIO(recording), max_duration_s=max_duration_s)))
    return str(refused.value)


@pytest.mark.parametrize("name", NOT_RECORDINGS)
def test_what_is_no_recording_is_refused_with_its_sentence(name: str) -> None:
    recording, sentence = NOT_RECORDINGS[name]

    with pytest.raises(InvalidArgumentError, match=sentence):
        np.concatenate(list(decode_blocks(io.BytesIO(recording), max_duration_s=3600)))
    with pytest.raises(InvalidArgumentError, match=sentence):
        measure_duration_s(io.BytesIO(recording), max_duration_s=3600)


@pytest.mark.parametrize(
    "arguments",
    [
        "-f wav",
        "-f wav -c:a pcm_f32le",
        "-f flac",
        "-f ogg -c:a libopus",
        "-f ogg -c:a libvorbis",
        "-f ipod -c:a aac",
        "-f ipod -c:a aac -movflags +faststart",
        "-f webm -c:a libopus",
        "-f matroska -c:a flac",
    ],
)
@pytest.mark.parametrize("share", [0.4, 0.9])
def test_a_truncated_file_is_refused(arguments: str, share: float) -> None:
    whole = encode(WAV, arguments)

    assert "truncated" in refusal(whole[: int(share * len(whole))])


@pytest.mark.parametrize("arguments", ["-f wav", "-f flac", "-f mp3", "-f ogg -c:a libopus", "-f webm -c:a libopus"])
def test_a_recording_longer_than_allowed_is_refused(arguments: str) -> None:
    sentence = "The recording is longer than the allowed 2 s (maxAudioDuration)."

    assert refusal(encode(WAV, arguments), max_duration_s=2) == sentence
    assert refusal(encode_to_pipe(WAV, arguments), max_duration_s=2) == sentence


def test_samples_that_are_no_numbers_are_refused() -> None:
    broken = encode(WAV, "-f wav -c:a pcm_f32le")[:-8] + struct.pack("<2f", float("nan"), float("inf"))

    assert refusal(broken) == "The recording holds samples that are not numbers (NaN or infinite)."


def test_an_hour_of_silence_in_a_small_file_is_never_held_in_memory() -> None:
    """The file says nothing of its length, so that the limit must be kept while decoding."""
    script = r"""
        import io, re, sys
        from sd_engine.audio.decode import decode_blocks
        from sd_engine.errors import InvalidArgumentError
        bomb = sys.stdin.buffer.read()
        def most_kib():  # of this program alone: the maximum of getrusage(2) is inherited
            return int(re.search(r"VmHWM:\s+(\d+) kB", open("/proc/self/status").read())[1])
        before_kib = most_kib()
        try:
            list(decode_blocks(io.BytesIO(bomb), max_duration_s=60))
        except InvalidArgumentError:
            print(most_kib() - before_kib)
    """
    bomb = encode_to_pipe(wav(np.zeros(10 * 16000, np.int16)), "-af aloop=loop=-1:size=160000 -t 3600 -f flac")
    assert len(bomb) < 1024 * 1024

    argv = [sys.executable, "-c", textwrap.dedent(script)]
    grown_kib = int(subprocess.run(argv, input=bomb, capture_output=True, check=True).stdout)

    assert grown_kib < 32 * 1024, "an hour would be 220 MiB; 60 s are 4 MiB"
