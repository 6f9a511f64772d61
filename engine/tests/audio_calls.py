"""Decode and measure recordings in the test's own process."""

from __future__ import annotations

import io

import numpy as np
from sd_engine.audio import decode, duration
from sd_engine.samples import Samples


def decoded(recording: bytes, *, max_duration_s: float = 3600) -> Samples:
    """Return all samples of a recording, shape (samples,)."""
    return np.concatenate(list(decode.decode_blocks(io.BytesIO(recording), max_duration_s=max_duration_s)))


def measured_s(recording: bytes, *, max_duration_s: float = 3600) -> float:
    """Return the duration of a recording, measured from its packets."""
    return duration.measure_duration_s(io.BytesIO(recording), max_duration_s=max_duration_s)
