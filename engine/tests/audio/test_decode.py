"""Recordings of every format come out as 16 kHz mono float32, and as the samples that went in."""

from __future__ import annotations

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from sd_engine.audio.decode import decode_blocks
from sd_engine.audio.duration import measure_duration_s
from sd_harness.engine.recordings import FORMATS, SAMPLE_RATE_HZ, encode, encode_to_pipe, sweep, wav

DURATION_S = 3.0
LOSSLESS = ("wav 16 kHz", "wav 24 bit", "wav float", "flac", "m4a alac", "mkv flac")


def decoded(recording: bytes) -> NDArray[np.float32]:
    return np.concatenate(list(decode_blocks(io.BytesIO(recording), max_duration_s=3600)))


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_decoded_whole(name: str) -> None:
    heard = decoded(encode(wav(sweep(DURATION_S)), FORMATS[name]))

    assert heard.dtype == np.float32
    assert len(heard) / SAMPLE_RATE_HZ == pytest.approx(DURATION_S, abs=0.1)
    assert np.sqrt(np.mean(heard**2)) == pytest.approx(8000 / 32768 / np.sqrt(2), rel=0.1)


@pytest.mark.parametrize("name", LOSSLESS)
def test_lossless_16_khz_mono_comes_out_as_it_went_in(name: str) -> None:
    original = sweep(DURATION_S)

    heard = decoded(encode(wav(original), FORMATS[name]))

    np.testing.assert_array_equal(heard, original.astype(np.float32) / 32768)


def test_the_full_range_of_16_bits_is_exact() -> None:
    original = np.arange(-32768, 32768).astype(np.int16)

    np.testing.assert_array_equal(decoded(wav(original)), original.astype(np.float32) / 32768)


def test_several_channels_become_their_mean() -> None:
    left, right = sweep(1.0), np.flip(sweep(1.0))

    heard = decoded(wav(np.stack([left, right], axis=1)))

    np.testing.assert_allclose(heard, (left.astype(np.float32) + right) / 2 / 32768, atol=1e-7)


@pytest.mark.parametrize("name", ["wav 8 kHz", "wav 44.1 kHz stereo", "flac 24 bit 48 kHz", "mp3", "ogg opus", "m4a"])
def test_a_recording_just_as_long_as_allowed_is_taken(name: str) -> None:
    file = io.BytesIO(encode(wav(sweep(3.0)), FORMATS[name]))

    assert measure_duration_s(file, max_duration_s=3.0) == pytest.approx(3.0, abs=0.3)
    assert len(np.concatenate(list(decode_blocks(file, max_duration_s=3.0)))) / SAMPLE_RATE_HZ == pytest.approx(
        3.0, abs=0.3
    )


def test_silence_in_8_bits_is_zero() -> None:
    silence = encode(wav(np.zeros(1600, np.int16)), "-f wav -c:a pcm_u8")

    np.testing.assert_array_equal(decoded(silence), np.zeros(1600, np.float32))


@pytest.mark.parametrize("arguments", ["-f wav", "-f flac", "-f webm -c:a libopus", "-f mp3"])
def test_what_was_written_to_a_pipe_counts_as_far_as_it_goes(arguments: str) -> None:
    heard = decoded(encode_to_pipe(wav(sweep(DURATION_S)), arguments))

    assert len(heard) / SAMPLE_RATE_HZ == pytest.approx(DURATION_S, abs=0.1)


def test_a_resampled_tone_stays_where_it_was() -> None:
    time_s = np.arange(48000) / 48000
    tone = (8000 * np.sin(2 * np.pi * 440 * time_s)).astype(np.int16)

    heard = decoded(wav(tone, rate_hz=48000))

    expected = 8000 / 32768 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
    np.testing.assert_allclose(heard[500:15500], expected[500:15500], atol=2e-3)


def test_the_audio_of_a_video_is_taken() -> None:
    video = encode(wav(sweep(DURATION_S)), "-f lavfi -i testsrc=duration=3 -map 0:a -map 1:v -f mp4 -c:a aac")

    assert len(decoded(video)) / SAMPLE_RATE_HZ == pytest.approx(DURATION_S, abs=0.1)


def test_tags_that_are_not_unicode_are_no_obstacle() -> None:
    tagged = encode(wav(sweep(1.0)), "-f wav -metadata title=Gruss").replace(b"Gruss", b"Gr\xfcss")

    assert len(decoded(tagged)) == SAMPLE_RATE_HZ


@pytest.mark.parametrize("name", FORMATS)
def test_the_length_is_counted_from_the_packets(name: str) -> None:
    recording = encode(wav(sweep(DURATION_S)), FORMATS[name])

    assert measure_duration_s(io.BytesIO(recording), max_duration_s=3600) == pytest.approx(DURATION_S, abs=0.1)


@pytest.mark.parametrize("arguments", ["-f wav", "-f flac", "-f webm -c:a libopus", "-f mp3"])
def test_the_length_of_what_was_written_to_a_pipe_is_counted_too(arguments: str) -> None:
    recording = encode_to_pipe(wav(sweep(DURATION_S)), arguments)

    assert measure_duration_s(io.BytesIO(recording), max_duration_s=3600) == pytest.approx(DURATION_S, abs=0.1)
