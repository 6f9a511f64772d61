"""Frames, counts and turns from windows, in cases small enough to check by hand."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pyannote.core import Annotation
from sd_engine.diarization import reconstruction
from sd_engine.diarization.reconstruction import NOBODY, Grid

GRID = Grid(window_duration_s=4.0, window_step_s=2.0, frame_duration_s=1.0, frame_step_s=1.0)
"""Windows of four frames, each of which begins two frames after the one before it."""


def windows(*windows: list[str]) -> NDArray[np.uint8]:
    """Each window as its speakers' frames: `["1100", "0011"]`."""
    return np.array(
        [[[int(frame) for frame in speaker] for speaker in window] for window in windows], np.uint8
    ).swapaxes(1, 2)


def turns(annotation: Annotation) -> list[tuple[float, float, int]]:
    return [(turn.start, turn.end, label) for turn, _, label in annotation.itertracks(yield_label=True)]  # pyright: ignore[reportAssignmentType, reportReturnType]


def test_the_count_is_the_windows_mean_and_a_half_goes_to_the_even_number() -> None:
    heard = windows(["1111", "0011"], ["1011", "1000"])

    count = reconstruction.speaker_count(heard, GRID)

    # frame 3: (2 + 0) / 2 = 1; were it (2 + 1) / 2, 1.5 would become 2; a frame in no window has nobody
    assert count.tolist() == [1, 1, 2, 1, 1, 1, 0]
    assert reconstruction.speaker_count(windows(["0011"], ["0111"]), GRID)[2] == 0
    assert reconstruction.speaker_count(windows(["1111", "0011"], ["1111", "0000"]), GRID)[2] == 2


def test_each_cluster_is_as_active_as_windows_say_so() -> None:
    heard = windows(["1111", "0011"], ["1100", "1111"])
    clusters = np.array([[0, 1], [1, NOBODY]], np.int32)

    assert reconstruction.activations(heard, clusters, GRID).tolist() == [[1, 1, 1, 1, 0, 0, 0], [0, 0, 2, 2, 0, 0, 0]]


def test_two_of_a_window_in_one_cluster_count_once() -> None:
    sums = reconstruction.activations(windows(["1100", "0110"]), np.array([[0, 0]], np.int32), GRID)

    assert sums.tolist() == [[1, 1, 1, 0, 0]]


def test_a_turn_lasts_until_the_middle_of_the_frame_after_it() -> None:
    sums = np.array([[2, 2, 0, 0, 1, 1], [0, 1, 1, 0, 2, 2]], np.uint8)

    found = reconstruction.annotation(sums, np.array([1, 2, 1, 0, 1, 1], np.uint8), GRID)

    assert turns(found) == [(0.5, 2.5, 0), (1.5, 3.5, 1), (4.5, 5.5, 1)]


def test_a_turn_of_the_last_frame_alone_has_no_length_and_is_none() -> None:
    assert turns(reconstruction.annotation(np.array([[0, 0, 1]], np.uint8), np.array([0, 0, 1], np.uint8), GRID)) == []


def test_short_pauses_are_filled_where_that_is_wanted() -> None:
    sums, count = np.array([[1, 0, 1, 0, 0, 0, 1, 1]], np.uint8), np.array([1, 0, 1, 0, 0, 0, 1, 1], np.uint8)

    assert turns(reconstruction.annotation(sums, count, GRID, min_duration_off_s=2.0)) == [(0.5, 3.5, 0), (6.5, 7.5, 0)]


def test_more_who_speak_than_clusters_makes_speakers_up() -> None:
    found = reconstruction.annotation(np.array([[1, 1]], np.uint8), np.array([2, 2], np.uint8), GRID)

    assert turns(found) == [(0.5, 1.5, 0), (0.5, 1.5, 1)]
