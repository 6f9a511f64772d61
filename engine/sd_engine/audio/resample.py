"""Resample mono audio to 16 kHz. Audio that is at 16 kHz already passes through unchanged."""

from __future__ import annotations

from collections.abc import Iterator

import av
import numpy as np
from av.audio.resampler import AudioResampler

from sd_engine.samples import SAMPLE_RATE_HZ, Samples


class Resampler:
    """A resampler for the consecutive blocks of one recording."""

    def __init__(self, input_rate_hz: int) -> None:
        self.input_rate_hz = input_rate_hz
        self._resampler = AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE_HZ)

    def resample(self, block: Samples) -> Iterator[Samples]:
        """Feed one block; return the samples that are complete."""
        if self.input_rate_hz == SAMPLE_RATE_HZ:
            return iter([block])
        return _arrays(self._resampler.resample(self._frame(block)))

    def flush(self) -> Iterator[Samples]:
        """Return the samples that are still buffered after the last block."""
        return iter([]) if self.input_rate_hz == SAMPLE_RATE_HZ else _arrays(self._resampler.resample(None))

    def _frame(self, block: Samples) -> av.AudioFrame:
        frame = av.AudioFrame.from_ndarray(block.reshape(1, -1), format="flt", layout="mono")
        frame.sample_rate = self.input_rate_hz
        return frame


def _arrays(frames: list[av.AudioFrame]) -> Iterator[Samples]:
    return (np.ascontiguousarray(frame.to_ndarray()[0], dtype=np.float32) for frame in frames)
