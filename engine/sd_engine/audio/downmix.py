"""Decoded frames to one channel of float32 samples that can be computed with."""

from __future__ import annotations

from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from sd_engine.errors import InvalidArgumentError
from sd_engine.samples import Samples

MOST_PLANAR_CHANNELS = 8
"""PyAV takes the planes of a frame from an array of eight pointers and would read beyond its end."""
_LOUDEST = 1e10
"""Times full scale; the squares of louder samples, summed over a window, are no longer finite."""
_FULL_SCALE = {"u8": 128.0, "s16": 32768.0, "s32": 2147483648.0, "flt": 1.0, "dbl": 1.0}


def mono(frame: av.AudioFrame) -> Samples:
    """The mean of a frame's channels, full scale = 1, shape (samples,).

    Raises:
        InvalidArgumentError: it has more channels than can be read.
    """
    if frame.format.is_planar and frame.layout.nb_channels > MOST_PLANAR_CHANNELS:
        raise InvalidArgumentError(
            f"The recording has {frame.layout.nb_channels} channels; only WAV may have more than "
            f"{MOST_PLANAR_CHANNELS}. Mix them down to one."
        )
    packed: NDArray[Any] = frame.to_ndarray()
    channels = packed if frame.format.is_planar else packed.reshape(-1, frame.layout.nb_channels).T
    full_scale = _FULL_SCALE[frame.format.name.removesuffix("p")]
    with np.errstate(over="ignore", invalid="ignore"):  # what is no number is refused afterwards
        floats = channels.astype(np.float32)
        if frame.format.name.startswith("u8"):
            floats -= full_scale  # eight-bit samples are unsigned
        floats /= full_scale
        return floats[0] if len(floats) == 1 else floats.mean(axis=0)


def checked(block: Samples) -> Samples:
    """The block itself.

    Raises:
        InvalidArgumentError: it holds what no network can compute with.
    """
    if not np.isfinite(block).all():
        raise InvalidArgumentError("The recording holds samples that are not numbers (NaN or infinite).")
    if (loudest := np.abs(block).max()) > _LOUDEST:
        raise InvalidArgumentError(
            f"The recording holds samples of {loudest:.0e} times full scale; float samples must lie between -1 and 1."
        )
    return block
