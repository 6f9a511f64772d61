"""Recordings of every format are decoded completely to 16 kHz mono float32, and never beyond the maximum duration."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import numpy as np
import pytest
from audio_calls import decoded
from sd_engine.errors import InvalidArgumentError
from sd_harness.engine.recordings import (
    FORMATS,
    SAMPLE_RATE_HZ,
    encode,
    encode_to_pipe,
    flac_with_declared_samples,
    sweep,
    wav,
)

DURATION_S = 3.0
LOSSLESS = ("wav 16 kHz", "wav 24 bit", "wav float", "flac", "m4a alac", "mkv flac")


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_decoded_completely(name: str) -> None:
    samples = decoded(encode(wav(sweep(DURATION_S)), FORMATS[name]))

    assert samples.dtype == np.float32
    assert len(samples) / SAMPLE_RATE_HZ == pytest.approx(DURATION_S, abs=0.1)
    assert np.sqrt(np.mean(samples**2)) == pytest.approx(8000 / 32768 / np.sqrt(2), rel=0.1)


@pytest.mark.parametrize("name", LOSSLESS)
def test_lossless_formats_at_16_khz_mono_are_decoded_exactly(name: str) -> None:
    original = sweep(DURATION_S)

    samples = decoded(encode(wav(original), FORMATS[name]))

    np.testing.assert_array_equal(samples, original.astype(np.float32) / 32768)


def test_the_full_range_of_16_bits_is_decoded_exactly() -> None:
    original = np.arange(-32768, 32768).astype(np.int16)

    np.testing.assert_array_equal(decoded(wav(original)), original.astype(np.float32) / 32768)


@pytest.mark.parametrize("arguments", ["-f wav", "-f flac", "-f webm -c:a libopus", "-f mp3"])
def test_a_piped_file_is_decoded_to_its_end(arguments: str) -> None:
    samples = decoded(encode_to_pipe(wav(sweep(DURATION_S)), arguments))

    assert len(samples) / SAMPLE_RATE_HZ == pytest.approx(DURATION_S, abs=0.1)


@pytest.mark.parametrize("codec", ["pcm_s16le", "libmp3lame"])
def test_a_duration_that_ffmpeg_estimates_is_not_taken_as_declared(codec: str) -> None:
    """FFmpeg estimates it from the bit rate, and counts the container's own bytes as audio."""
    stream = encode_to_pipe(wav(np.zeros(600 * 16000, np.int16)), f"-f matroska -c:a {codec}")

    assert len(decoded(stream)) == pytest.approx(600 * 16000, rel=1e-3)


def test_a_file_shorter_than_its_header_declares_is_rejected() -> None:
    message = r"is truncated \(its header declares 20\.0 s, it holds 10\.0 s\); send the whole file\."

    with pytest.raises(InvalidArgumentError, match=message):
        decoded(flac_with_declared_samples(20 * 16000))


def test_a_sample_rate_that_changes_within_the_file_is_rejected() -> None:
    first, second = (encode(wav(sweep(1.0)), f"-f adts -c:a aac -ar {rate_hz}") for rate_hz in (16000, 44100))

    with pytest.raises(InvalidArgumentError, match="its sample rate changes in the middle"):
        decoded(first + second)


@pytest.mark.parametrize("arguments", ["-f wav", "-f flac", "-f mp3", "-f ogg -c:a libopus", "-f webm -c:a libopus"])
def test_a_recording_above_the_maximum_duration_is_rejected(arguments: str) -> None:
    for recording in (encode(wav(sweep(3.0)), arguments), encode_to_pipe(wav(sweep(3.0)), arguments)):
        with pytest.raises(InvalidArgumentError) as rejected:
            decoded(recording, max_duration_s=2)
        assert str(rejected.value) == "The recording is longer than the allowed 2 s (maxAudioDuration)."


def test_decoding_a_small_file_with_an_hour_of_silence_stops_at_the_maximum_duration() -> None:
    """The header declares no duration, so the limit must be checked while decoding."""
    script = r"""
        import io, re, sys
        from sd_engine.audio.decode import decode_blocks
        from sd_engine.errors import InvalidArgumentError
        recording = sys.stdin.buffer.read()
        def peak_kib():  # of this program alone: the maximum of getrusage(2) is inherited
            return int(re.search(r"VmHWM:\s+(\d+) kB", open("/proc/self/status").read())[1])
        before_kib = peak_kib()
        try:
            list(decode_blocks(io.BytesIO(recording), max_duration_s=60))
        except InvalidArgumentError:
            print(peak_kib() - before_kib)
    """
    recording = encode_to_pipe(wav(np.zeros(10 * 16000, np.int16)), "-af aloop=loop=-1:size=160000 -t 3600 -f flac")
    assert len(recording) < 1024 * 1024

    argv = [sys.executable, "-c", textwrap.dedent(script)]
    growth_kib = int(subprocess.run(argv, input=recording, capture_output=True, check=True).stdout)

    assert growth_kib < 32 * 1024, "an hour would take 220 MiB; 60 s take 4 MiB"
