"""When two timelines count as the same."""

from __future__ import annotations

import math

import pytest

from benchmarks.engine.compare import Segment, Timeline, difference, embedding_difference

FIRST: list[Segment] = [(0.5, 2.0, "SPEAKER_00"), (1.5, 3.0, "SPEAKER_01"), (4.0, 5.0, "SPEAKER_00")]


def test_a_timeline_is_the_same_as_itself() -> None:
    assert difference(Timeline(FIRST, FIRST), Timeline(list(reversed(FIRST)), FIRST)) == ""


@pytest.mark.parametrize(
    ("segments", "words"),
    [
        ([(0.501, 2.0, "SPEAKER_00"), *FIRST[1:]], ""),
        ([(0.5015, 2.0, "SPEAKER_00"), *FIRST[1:]], "SPEAKER_00 0.501–2.000, not 0.500–2.000"),
        (FIRST[:2], "1 segments of SPEAKER_00, not 2"),
        ([FIRST[0], FIRST[2]], "speakers ['SPEAKER_00'], not ['SPEAKER_00', 'SPEAKER_01']"),
        ([], "speakers [], not ['SPEAKER_00', 'SPEAKER_01']"),
    ],
)
def test_a_difference_is_named(segments: list[Segment], words: str) -> None:
    assert difference(Timeline(segments), Timeline(FIRST)) == words


def test_exclusive_segments_are_compared_as_well() -> None:
    assert difference(Timeline(FIRST, FIRST[:2]), Timeline(FIRST, FIRST)).startswith("exclusive: 1 segments")


def test_embeddings_differ_by_a_share_of_the_norm() -> None:
    ours = Timeline([], embeddings={"SPEAKER_00": [3.0, 4.001], "SPEAKER_01": [None, None]})
    theirs = Timeline([], embeddings={"SPEAKER_00": [3.0, 4.0], "SPEAKER_01": [None, None]})
    assert embedding_difference(ours, theirs) == pytest.approx(0.0002)


@pytest.mark.parametrize("vectors", [{}, {"SPEAKER_00": [None, 1.0]}])
def test_a_missing_embedding_is_infinitely_different(vectors: dict[str, list[float | None]]) -> None:
    theirs = Timeline([], embeddings={"SPEAKER_00": [1.0, 1.0]})
    assert embedding_difference(Timeline([], embeddings=vectors), theirs) == math.inf
