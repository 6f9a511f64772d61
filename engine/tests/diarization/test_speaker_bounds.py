"""Bounds on the number of speakers."""

from __future__ import annotations

import math

import pytest
from sd_engine.diarization.speaker_bounds import SpeakerBounds


@pytest.mark.parametrize(
    ("arguments", "bounds"),
    [
        ({}, SpeakerBounds(None, 1, math.inf)),
        ({"num_speakers": 3}, SpeakerBounds(3, 3, 3)),
        ({"min_speakers": 2}, SpeakerBounds(None, 2, math.inf)),
        ({"min_speakers": 4, "max_speakers": 4}, SpeakerBounds(4, 4, 4)),
    ],
)
def test_bounds_are_those_of_pyannote(arguments: dict[str, int], bounds: SpeakerBounds) -> None:
    assert SpeakerBounds.from_arguments(arguments) == bounds


def test_bounds_are_limited_to_one_speaker_per_embedding() -> None:
    assert SpeakerBounds(5, 5, 5).limit(2) == SpeakerBounds(2, 2, 2)
    assert SpeakerBounds(None, 3, math.inf).limit(0) == SpeakerBounds(None, 1, 1)
