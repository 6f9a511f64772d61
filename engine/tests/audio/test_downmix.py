"""Frames of every sample format are scaled to full scale 1 and averaged to one channel."""

from __future__ import annotations

import struct

import av
import numpy as np
import pytest
from audio_calls import decoded
from numpy.typing import DTypeLike
from sd_engine.audio.downmix import check_samples, downmix
from sd_engine.errors import InvalidArgumentError
from sd_harness.engine.recordings import encode, sweep, wav

STEREO = {
    "u8": (np.uint8, [[0, 128], [192, 64]], [-0.5, 0.0]),
    "s16": (np.int16, [[-32768, 0], [16384, 32767]], [-0.5, (16384 + 32767) / 65536]),
    "s32": (np.int32, [[-(2**31), 0], [2**30, 2**30]], [-0.5, 0.5]),
    "flt": (np.float32, [[-1.0, 0.5], [0.25, 0.75]], [-0.25, 0.5]),
    "dbl": (np.float64, [[-1.0, 0.5], [0.25, 0.75]], [-0.25, 0.5]),
}
"""Packed sample format: NumPy type, two samples of two channels, their mean."""


def frame(samples: list[list[float]], dtype: DTypeLike, sample_format: str) -> av.AudioFrame:
    """Return a stereo frame of `samples`, shape (samples, channels)."""
    array = np.array(samples, dtype)
    planes = array.T if sample_format.endswith("p") else array.reshape(1, -1)
    return av.AudioFrame.from_ndarray(np.ascontiguousarray(planes), format=sample_format, layout="stereo")


@pytest.mark.parametrize("planar", ["", "p"])
@pytest.mark.parametrize("name", STEREO)
def test_channels_of_every_sample_format_are_averaged(name: str, planar: str) -> None:
    dtype, samples, mean = STEREO[name]

    mono = downmix(frame(samples, dtype, name + planar))

    assert mono.dtype == np.float32
    np.testing.assert_allclose(mono, mean, atol=1e-7)


def test_the_channels_of_a_stereo_file_are_averaged() -> None:
    left, right = sweep(1.0), np.flip(sweep(1.0))

    mono = decoded(wav(np.stack([left, right], axis=1)))

    np.testing.assert_allclose(mono, (left.astype(np.float32) + right) / 2 / 32768, atol=1e-7)


def test_silence_in_8_bits_is_zero() -> None:
    silence = encode(wav(np.zeros(1600, np.int16)), "-f wav -c:a pcm_u8")

    np.testing.assert_array_equal(decoded(silence), np.zeros(1600, np.float32))


def test_a_wav_file_may_have_32_channels() -> None:
    assert len(decoded(wav(np.ones((1600, 32), np.int16)))) == 1600


@pytest.mark.parametrize("arguments", ["-f webm -c:a libopus", "-f adts -c:a aac", "-f ogg -c:a libvorbis"])
def test_a_planar_codec_may_have_eight_channels(arguments: str) -> None:
    """PyAV crashes when it reads eight planes: `downmix` interleaves them first."""
    tone = 8000 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
    samples = decoded(encode(wav(np.repeat(tone[:, None], 8, axis=1).astype(np.int16)), arguments))

    assert len(samples) == pytest.approx(16000, abs=2048)
    # Codecs keep only low frequencies of the eighth channel, the subwoofer's.
    assert np.sqrt(np.mean(samples[4000:12000] ** 2)) == pytest.approx(8000 / 32768 / np.sqrt(2), rel=0.2)


def test_a_planar_codec_may_not_have_nine_channels() -> None:
    """PyAV would read the ninth channel from memory outside the frame."""
    surround = encode(wav(np.zeros((1600, 9), np.int16)), "-f ogg -c:a libopus -mapping_family 255")

    with pytest.raises(InvalidArgumentError, match=r"has 9 channels; only WAV may have more than 8\."):
        decoded(surround)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        ([0.0, float("nan")], "samples that are not numbers"),
        ([0.0, float("-inf")], "samples that are not numbers"),
        ([0.0, -2e10], r"samples of 2e\+10 times full scale; float samples must be between -1 and 1"),
    ],
)
def test_invalid_samples_are_rejected(samples: list[float], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        check_samples(np.array(samples, np.float32))


def test_valid_samples_pass_unchanged() -> None:
    block = np.array([-1.5, 0.0, 1e9], np.float32)

    assert check_samples(block) is block


def test_a_file_with_samples_that_are_not_numbers_is_rejected() -> None:
    damaged = encode(wav(sweep(3.0)), "-f wav -c:a pcm_f32le")[:-8] + struct.pack("<2f", float("nan"), float("inf"))

    with pytest.raises(InvalidArgumentError) as rejected:
        decoded(damaged)
    assert str(rejected.value) == "The recording holds samples that are not numbers (NaN or infinite)."


@pytest.mark.parametrize("scale", [1e20, 1e300])
def test_a_file_with_samples_far_above_full_scale_is_rejected(scale: float) -> None:
    loud = encode(wav(sweep(1.0)), "-f wav -c:a pcm_f64le")[:-8] + struct.pack("<d", scale)

    with pytest.raises(InvalidArgumentError, match=r"1e\+20 times full scale|not numbers"):
        decoded(loud)
