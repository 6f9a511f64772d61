"""Comparison of timelines and of embeddings."""

from __future__ import annotations

import math

import pytest

from benchmarks.engine.compare import Segment, Timeline, difference, embedding_difference

FIRST: list[Segment] = [(0.5, 2.0, "SPEAKER_00"), (1.5, 3.0, "SPEAKER_01"), (4.0, 5.0, "SPEAKER_00")]


def test_the_order_of_segments_does_not_matter() -> None:
    assert difference(Timeline(FIRST, FIRST), Timeline(list(reversed(FIRST)), FIRST)) == ""


@pytest.mark.parametrize(
    ("segments", "description"),
    [
        ([(0.501, 2.0, "SPEAKER_00"), *FIRST[1:]], ""),
        ([(0.5015, 2.0, "SPEAKER_00"), *FIRST[1:]], "SPEAKER_00 0.501–2.000, not 0.500–2.000"),
        (FIRST[:2], "1 segments of SPEAKER_00, not 2"),
        ([FIRST[0], FIRST[2]], "speakers ['SPEAKER_00'], not ['SPEAKER_00', 'SPEAKER_01']"),
        ([], "speakers [], not ['SPEAKER_00', 'SPEAKER_01']"),
    ],
)
def test_the_first_difference_is_described(segments: list[Segment], description: str) -> None:
    assert difference(Timeline(segments), Timeline(FIRST)) == description


def test_exclusive_segments_are_compared() -> None:
    assert difference(Timeline(FIRST, FIRST[:2]), Timeline(FIRST, FIRST)).startswith("exclusive: 1 segments")


def test_embedding_differences_are_relative_to_the_norm() -> None:
    actual = Timeline([], embeddings={"SPEAKER_00": [3.0, 4.001], "SPEAKER_01": [None, None]})
    expected = Timeline([], embeddings={"SPEAKER_00": [3.0, 4.0], "SPEAKER_01": [None, None]})
    assert embedding_difference(actual, expected) == pytest.approx(0.0002)


@pytest.mark.parametrize("vectors", [{}, {"SPEAKER_00": [None, 1.0]}])
def test_a_missing_embedding_has_an_infinite_difference(vectors: dict[str, list[float | None]]) -> None:
    expected = Timeline([], embeddings={"SPEAKER_00": [1.0, 1.0]})
    assert embedding_difference(Timeline([], embeddings=vectors), expected) == math.inf
