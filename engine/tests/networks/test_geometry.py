"""Sliding windows are those of pyannote.audio."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pyannote.audio import Pipeline
from sd_engine.diarization.model_loader import DEMO_MODEL
from sd_engine.networks.geometry import Geometry

GEOMETRY = Geometry(sample_rate_hz=16000, window_samples=100, step_samples=10, frames=5, local_speakers=3, dimension=4)


@pytest.mark.filterwarnings("ignore:At least one mel filterbank")
def test_the_windows_of_a_pipeline_are_read_from_its_networks() -> None:
    pipeline: Any = Pipeline.from_pretrained(DEMO_MODEL)

    assert Geometry.from_pipeline(pipeline) == Geometry(
        sample_rate_hz=16000, window_samples=64000, step_samples=6400, frames=234, local_speakers=3, dimension=256
    )


@pytest.mark.parametrize(
    ("samples", "windows"), [(1, 1), (99, 1), (100, 1), (101, 2), (110, 2), (111, 3), (119, 3), (120, 3), (1000, 91)]
)
def test_the_number_of_windows_is_pyannotes(samples: int, windows: int) -> None:
    assert GEOMETRY.windows(samples) == windows


def test_the_last_window_is_padded_with_silence() -> None:
    samples = np.arange(1, 106, dtype=np.float32)

    cut = GEOMETRY.cut(samples, 1)

    np.testing.assert_array_equal(cut, [*range(11, 106), 0, 0, 0, 0, 0])


def test_a_cut_window_is_a_copy() -> None:
    samples = np.ones(100, np.float32)
    GEOMETRY.cut(samples, 0)[:] = 0

    assert samples.all()
