"""Recordings are cut into windows as pyannote cuts them."""

from __future__ import annotations

import numpy as np
import pytest
from sd_engine.networks.geometry import Geometry

GEOMETRY = Geometry(sample_rate_hz=16000, window_samples=100, step_samples=10, frames=5, local_speakers=3, dimension=4)


@pytest.mark.parametrize(
    ("samples", "windows"), [(1, 1), (99, 1), (100, 1), (101, 2), (110, 2), (111, 3), (119, 3), (120, 3), (1000, 91)]
)
def test_as_many_windows_as_pyannote_slides(samples: int, windows: int) -> None:
    assert GEOMETRY.windows(samples) == windows


def test_a_window_beyond_the_end_is_filled_with_silence() -> None:
    samples = np.arange(1, 106, dtype=np.float32)

    cut = GEOMETRY.cut(samples, 1)

    np.testing.assert_array_equal(cut, [*range(11, 106), 0, 0, 0, 0, 0])


def test_a_cut_window_is_a_copy() -> None:
    samples = np.ones(100, np.float32)
    GEOMETRY.cut(samples, 0)[:] = 0

    assert samples.all()
