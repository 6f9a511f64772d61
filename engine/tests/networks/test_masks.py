"""Overlapping speech is excluded from a speaker's mask if enough clean frames remain."""

from __future__ import annotations

import numpy as np
import pytest
from sd_engine.networks.geometry import Geometry
from sd_engine.networks.masks import SpeakerMasks

GEOMETRY = Geometry(
    sample_rate_hz=16000, window_samples=1000, step_samples=100, frames=10, local_speakers=2, dimension=4
)
FIRST, SECOND = [1, 1, 1, 1, 1, 1, 0, 0, 0, 0], [0, 0, 0, 1, 1, 1, 1, 1, 0, 0]
ACTIVITY = np.array([FIRST, SECOND], np.uint8).T[None]


@pytest.mark.parametrize(
    ("min_samples", "first", "second"),
    [
        (100, [1, 1, 1, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 1, 1, 0, 0]),  # one frame needed: both have more
        (200, [1, 1, 1, 0, 0, 0, 0, 0, 0, 0], SECOND),  # two frames needed: the second has two, but not more
        (300, FIRST, SECOND),
    ],
)
def test_overlap_is_excluded_if_enough_frames_remain(min_samples: int, first: list[int], second: list[int]) -> None:
    masks = SpeakerMasks.create(GEOMETRY, exclude_overlap=True, min_samples=min_samples)(ACTIVITY)

    assert masks.dtype == np.float32
    np.testing.assert_array_equal(masks, [[first, second]])


def test_overlap_is_kept_if_the_pipeline_does_not_exclude_it() -> None:
    masks = SpeakerMasks.create(GEOMETRY, exclude_overlap=False, min_samples=100)(ACTIVITY)

    np.testing.assert_array_equal(masks, [[FIRST, SECOND]])
