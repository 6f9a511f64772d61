"""Mono samples of any rate to 16 kHz; those that have it already pass untouched."""

from __future__ import annotations

from collections.abc import Iterator

import av
import numpy as np
from av.audio.resampler import AudioResampler

from sd_engine.samples import SAMPLE_RATE_HZ, Samples


class Resampler:
    """For the consecutive blocks of one recording."""

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self._resampler = AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE_HZ)

    def take(self, block: Samples) -> Iterator[Samples]:
        """What is ready after `block`."""
        if self.rate_hz == SAMPLE_RATE_HZ:
            return iter([block])
        return _arrays(self._resampler.resample(self._frame(block)))

    def rest(self) -> Iterator[Samples]:
        """What was held back for the block after the last one."""
        return iter([]) if self.rate_hz == SAMPLE_RATE_HZ else _arrays(self._resampler.resample(None))

    def _frame(self, block: Samples) -> av.AudioFrame:
        frame = av.AudioFrame.from_ndarray(block.reshape(1, -1), format="flt", layout="mono")
        frame.sample_rate = self.rate_hz
        return frame


def _arrays(frames: list[av.AudioFrame]) -> Iterator[Samples]:
    return (np.ascontiguousarray(frame.to_ndarray()[0], dtype=np.float32) for frame in frames)
