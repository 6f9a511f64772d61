"""Windows between borrow embeddings from the same speakers beside them."""

from __future__ import annotations

import numpy as np
import pytest
from sd_engine.geometry import Geometry
from sd_engine.neighbours import lend

GEOMETRY = Geometry(sample_rate_hz=16000, window_samples=100, step_samples=10, frames=10, local_speakers=2, dimension=2)
A, B, SILENT = [1.0, 0.0], [0.0, 1.0], [9.0, 9.0]
FIRST, SECOND, NEVER = [1, 1, 1, 1, 1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 1, 1, 1, 1, 1], [0] * 10


def activity(*windows: tuple[list[int], list[int]]) -> np.ndarray:
    return np.array(windows, np.uint8).transpose(0, 2, 1)


def lent(heard: np.ndarray, *embeddings: list[list[float]]) -> list[list[float]]:
    """The embeddings of the second window."""
    array = np.array(embeddings, np.float32)
    lend(heard, array, GEOMETRY)
    return array[1].tolist()


def test_each_speaker_gets_the_mean_of_the_same_speaker_on_both_sides() -> None:
    heard = activity((FIRST, SECOND), (FIRST, SECOND), (FIRST, SECOND))

    assert lent(heard, [A, B], [SILENT, SILENT], [[3.0, 0.0], [0.0, 5.0]]) == [[2.0, 0.0], [0.0, 3.0]]


def test_the_same_speaker_is_found_in_another_place() -> None:
    heard = activity((FIRST, SECOND), (SECOND, FIRST), (FIRST, SECOND))

    assert lent(heard, [A, B], [SILENT, SILENT], [A, B]) == [B, A]


def test_who_is_heard_on_one_side_only_borrows_there() -> None:
    late = [0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    heard = activity((FIRST, NEVER), (FIRST, late), (FIRST, [0, 0, 0, 0, 0, 0, 0, 0, 1, 1]))

    assert lent(heard, [A, SILENT], [SILENT, SILENT], [A, B]) == [A, B]


@pytest.mark.parametrize("windows", [1, 2])
def test_the_last_window_has_one_side(windows: int) -> None:
    heard = activity(*[(FIRST, NEVER)] * windows)
    array = np.array([[A, SILENT], [SILENT, SILENT]][:windows], np.float32)

    lend(heard, array, GEOMETRY)

    assert array.tolist() == [[A, SILENT]] * windows


def test_who_says_nothing_keeps_the_embedding_of_silence() -> None:
    heard = activity((FIRST, SECOND), (FIRST, NEVER), (FIRST, SECOND))

    assert lent(heard, [A, B], [SILENT, SILENT], [A, B]) == [A, SILENT]
