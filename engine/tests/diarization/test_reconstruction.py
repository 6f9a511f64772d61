"""Speaker count, activations and turns, in cases that can be checked by hand."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pyannote.core import Annotation
from sd_engine.diarization import reconstruction
from sd_engine.diarization.reconstruction import UNASSIGNED, FrameGrid

GRID = FrameGrid(window_duration_s=4.0, window_step_s=2.0, frame_duration_s=1.0, frame_step_s=1.0)
"""Windows of four frames, one every two frames."""


def windows(*windows: list[str]) -> NDArray[np.uint8]:
    """Return the activity of windows, each written as the frames of its speakers: `["1100", "0011"]`."""
    return np.array(
        [[[int(frame) for frame in speaker] for speaker in window] for window in windows], np.uint8
    ).swapaxes(1, 2)


def turns(annotation: Annotation) -> list[tuple[float, float, int]]:
    return [(turn.start, turn.end, label) for turn, _, label in annotation.itertracks(yield_label=True)]  # pyright: ignore[reportAssignmentType, reportReturnType]


def test_the_speaker_count_is_the_mean_of_the_windows_and_halves_are_rounded_to_even() -> None:
    activity = windows(["1111", "0011"], ["1011", "1000"])

    count = reconstruction.speaker_count(activity, GRID)

    # Frame 3 has (2 + 0) / 2 = 1 speakers; (2 + 1) / 2 = 1.5 would be rounded to 2. A frame in no window has none.
    assert count.tolist() == [1, 1, 2, 1, 1, 1, 0]
    assert reconstruction.speaker_count(windows(["0011"], ["0111"]), GRID)[2] == 0
    assert reconstruction.speaker_count(windows(["1111", "0011"], ["1111", "0000"]), GRID)[2] == 2


def test_activations_count_the_windows_in_which_a_cluster_is_active() -> None:
    activity = windows(["1111", "0011"], ["1100", "1111"])
    clusters = np.array([[0, 1], [1, UNASSIGNED]], np.int32)

    activations = reconstruction.activations(activity, clusters, GRID)

    assert activations.tolist() == [[1, 1, 1, 1, 0, 0, 0], [0, 0, 2, 2, 0, 0, 0]]


def test_two_local_speakers_of_one_cluster_count_once() -> None:
    sums = reconstruction.activations(windows(["1100", "0110"]), np.array([[0, 0]], np.int32), GRID)

    assert sums.tolist() == [[1, 1, 1, 0, 0]]


def test_a_turn_ends_in_the_middle_of_the_next_frame() -> None:
    sums = np.array([[2, 2, 0, 0, 1, 1], [0, 1, 1, 0, 2, 2]], np.uint8)

    result = reconstruction.annotation(sums, np.array([1, 2, 1, 0, 1, 1], np.uint8), GRID)

    assert turns(result) == [(0.5, 2.5, 0), (1.5, 3.5, 1), (4.5, 5.5, 1)]


def test_a_turn_of_only_the_last_frame_is_dropped() -> None:
    assert turns(reconstruction.annotation(np.array([[0, 0, 1]], np.uint8), np.array([0, 0, 1], np.uint8), GRID)) == []


def test_short_pauses_are_filled() -> None:
    sums, count = np.array([[1, 0, 1, 0, 0, 0, 1, 1]], np.uint8), np.array([1, 0, 1, 0, 0, 0, 1, 1], np.uint8)

    assert turns(reconstruction.annotation(sums, count, GRID, min_duration_off_s=2.0)) == [(0.5, 3.5, 0), (6.5, 7.5, 0)]


def test_more_active_speakers_than_clusters_add_speakers() -> None:
    result = reconstruction.annotation(np.array([[1, 1]], np.uint8), np.array([2, 2], np.uint8), GRID)

    assert turns(result) == [(0.5, 1.5, 0), (0.5, 1.5, 1)]
