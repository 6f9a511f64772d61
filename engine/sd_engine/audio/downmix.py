"""Downmix decoded frames to one channel of float32 samples, and check their values."""

from __future__ import annotations

from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from sd_engine.errors import InvalidArgumentError
from sd_engine.samples import Samples

MAX_PLANAR_CHANNELS = 8
"""FFmpeg keeps the planes of a frame in an array of eight pointers; PyAV would read further ones beyond its end."""
_MAX_AMPLITUDE = 1e10
"""In units of full scale. Squares of larger samples, summed over a window, overflow float32."""
_FULL_SCALE = {"u8": 128.0, "s16": 32768.0, "s32": 2147483648.0, "flt": 1.0, "dbl": 1.0}


def downmix(frame: av.AudioFrame) -> Samples:
    """Return the mean of a frame's channels, shape (samples,), scaled so that full scale is 1.

    Raises:
        InvalidArgumentError: the frame has more channels than PyAV can read.
    """
    if frame.format.is_planar and frame.layout.nb_channels > MAX_PLANAR_CHANNELS:
        raise InvalidArgumentError(
            f"The recording has {frame.layout.nb_channels} channels; only WAV may have more than "
            f"{MAX_PLANAR_CHANNELS}. Mix them down to one."
        )
    frame = _with_readable_planes(frame)
    samples: NDArray[Any] = frame.to_ndarray()
    channels = samples if frame.format.is_planar else samples.reshape(-1, frame.layout.nb_channels).T
    full_scale = _FULL_SCALE[frame.format.name.removesuffix("p")]
    with np.errstate(over="ignore", invalid="ignore"):  # `check_samples` rejects the results
        floats = channels.astype(np.float32)
        if frame.format.name.startswith("u8"):
            floats -= full_scale  # eight-bit samples are unsigned
        floats /= full_scale
        return floats[0] if len(floats) == 1 else floats.mean(axis=0)


def _with_readable_planes(frame: av.AudioFrame) -> av.AudioFrame:
    """Return the frame, interleaved if it has eight planes: PyAV looks for their end behind the eighth and crashes."""
    if not frame.format.is_planar or frame.layout.nb_channels < MAX_PLANAR_CHANNELS:
        return frame
    interleaved_format = frame.format.name.removesuffix("p")
    [interleaved] = av.AudioResampler(interleaved_format, frame.layout, frame.sample_rate).resample(frame)
    return interleaved


def check_samples(block: Samples) -> Samples:
    """Return `block` unchanged if all of its samples are finite and of a plausible amplitude.

    Raises:
        InvalidArgumentError: a sample is NaN, infinite, or too large for the networks.
    """
    if not np.isfinite(block).all():
        raise InvalidArgumentError("The recording holds samples that are not numbers (NaN or infinite).")
    if (peak := np.abs(block).max()) > _MAX_AMPLITUDE:
        raise InvalidArgumentError(
            f"The recording holds samples of {peak:.0e} times full scale; float samples must be between -1 and 1."
        )
    return block
