"""A speaker's embedding is taken from frames in which only this speaker is heard, where there are enough of them."""

from __future__ import annotations

import numpy as np
import pytest
from sd_engine.networks.geometry import Geometry
from sd_engine.networks.masks import Masks

GEOMETRY = Geometry(
    sample_rate_hz=16000, window_samples=1000, step_samples=100, frames=10, local_speakers=2, dimension=4
)
FIRST, SECOND = [1, 1, 1, 1, 1, 1, 0, 0, 0, 0], [0, 0, 0, 1, 1, 1, 1, 1, 0, 0]
ACTIVITY = np.array([FIRST, SECOND], np.uint8).T[None]


@pytest.mark.parametrize(
    ("least_samples", "first", "second"),
    [
        (100, [1, 1, 1, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 1, 1, 0, 0]),  # one frame needed: both have more
        (200, [1, 1, 1, 0, 0, 0, 0, 0, 0, 0], SECOND),  # two needed: pyannote wants more than that
        (300, FIRST, SECOND),
    ],
)
def test_overlap_is_left_out_where_enough_is_left(least_samples: int, first: list[int], second: list[int]) -> None:
    masks = Masks.of(GEOMETRY, exclude_overlap=True, least_samples=least_samples)(ACTIVITY)

    assert masks.dtype == np.float32
    np.testing.assert_array_equal(masks, [[first, second]])


def test_overlap_stays_where_the_pipeline_says_so() -> None:
    masks = Masks.of(GEOMETRY, exclude_overlap=False, least_samples=100)(ACTIVITY)

    np.testing.assert_array_equal(masks, [[FIRST, SECOND]])
