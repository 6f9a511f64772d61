"""Who speaks from when to when, given each window's speakers and clusters: pyannote's last steps, in small arrays.

What pyannote holds for every window, frame and cluster at once (`SpeakerDiarization.reconstruct`) is summed here
window by window. The answers are pyannote's, to the last bit and in the order of its ties.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyannote.core import Annotation, Segment
from pyannote.core.utils.generators import string_generator

NOBODY = -2
"""pyannote's cluster of a window's speaker who never speaks, or whom no cluster was left for."""

_NO_WINDOW = 1e-12
_SORTED_AT_ONCE = 1_000_000
"""Scores, of four bytes and with eight more for their place."""

Segmentations = NDArray[np.uint8]
"""Shape (windows, frames, speakers): 1 = speaks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Where windows and frames lie in a recording. The arithmetic is that of pyannote.core's SlidingWindow."""

    window_duration_s: float
    window_step_s: float
    frame_duration_s: float
    frame_step_s: float

    def first_frames(self, windows: int) -> list[int]:
        """Each window's first frame."""
        half_s = 0.5 * self.frame_duration_s
        starts_s = np.arange(windows) * self.window_step_s
        return np.rint((starts_s + half_s - half_s) / self.frame_step_s).astype(int).tolist()

    def frames(self, windows: int) -> int:
        """How many frames all windows cover."""
        half_s = 0.5 * self.frame_duration_s
        end_s = self.window_duration_s + (windows - 1) * self.window_step_s + half_s
        return int(np.rint((end_s - half_s) / self.frame_step_s)) + 1

    def middles_s(self, frames: int) -> NDArray[np.float64]:
        starts_s = np.arange(frames) * self.frame_step_s
        return 0.5 * (starts_s + (starts_s + self.frame_duration_s))

    def sum_type(self) -> np.dtype[Any]:
        """The smallest type that can count the windows over one frame."""
        return np.min_scalar_type(math.ceil(self.window_duration_s / self.window_step_s) + 1)


def speaker_count(segmentations: Segmentations, grid: Grid) -> NDArray[np.uint8]:
    """How many speak in each frame, as the mean of all windows over it (`SpeakerDiarizationMixin.speaker_count`)."""
    windows, length, _ = segmentations.shape
    # Whole numbers, far below 2 ** 24: their float32 sums are the same in any order.
    speaking = np.zeros(grid.frames(windows), np.float32)
    covering = np.zeros_like(speaking)
    for first, heard in zip(grid.first_frames(windows), segmentations.sum(axis=2, dtype=np.uint8), strict=True):
        speaking[first : first + length] += heard
        covering[first : first + length] += 1
    return np.rint(speaking / np.maximum(covering, _NO_WINDOW)).astype(np.uint8)


def silent(segmentations: Segmentations) -> NDArray[np.bool_]:
    """Which speakers of each window never speak in it; shape (windows, speakers)."""
    return segmentations.max(axis=1) == 0


def activations(segmentations: Segmentations, clusters: NDArray[np.int32], grid: Grid) -> NDArray[Any]:
    """In how many windows each cluster speaks, for each frame; shape (clusters, frames).

    Args:
        segmentations: each window's speakers.
        clusters: of each window's speakers, shape (windows, speakers); NOBODY for those without.
        grid: where the windows lie.
    """
    windows, length, _ = segmentations.shape
    sums = np.zeros((clusters.max() + 1, grid.frames(windows)), grid.sum_type())
    for first, heard, assigned in zip(grid.first_frames(windows), segmentations, clusters, strict=True):
        for cluster in set(assigned.tolist()) - {NOBODY}:
            sums[cluster, first : first + length] += heard[:, assigned == cluster].max(axis=1)
    return sums


def annotation(
    sums: NDArray[Any], count: NDArray[np.uint8], grid: Grid, *, min_duration_off_s: float = 0.0
) -> Annotation:
    """The turns of the `count` most active clusters of each frame, labelled with the clusters' numbers.

    This is `SpeakerDiarizationMixin.to_diarization` and `to_annotation`; a pause up to `min_duration_off_s` is filled.
    """
    # Where more speak at once than there are clusters, pyannote makes up silent ones.
    padded = np.pad(sums, ((0, max(0, int(count.max()) - len(sums))), (0, 0)))
    turns = _turns(*_most_active(padded, count), middles_s=grid.middles_s(len(count)))
    tracks = list(islice(string_generator(), len(padded)))
    found = Annotation()
    for cluster, start_s, end_s in turns:
        found[Segment(start_s, end_s), tracks[cluster]] = cluster
    return found.support(collar=min_duration_off_s) if min_duration_off_s > 0 else found


def _most_active(sums: NDArray[Any], count: NDArray[np.uint8]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The clusters that speak and the frames in which they do, in no order."""
    speaking = np.flatnonzero(count)
    at_once = max(1, _SORTED_AT_ONCE // len(sums))
    blocks = [speaking[begin : begin + at_once] for begin in range(0, len(speaking), at_once)]
    pairs = [pair for frames in blocks for pair in _most_active_of(frames, sums[:, frames], count[frames])]
    clusters, frames = zip(*pairs, strict=True)
    return np.concatenate(clusters), np.concatenate(frames)


def _most_active_of(
    frames: NDArray[np.intp], sums: NDArray[Any], count: NDArray[np.uint8]
) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    # Ties fall as they do in pyannote: NumPy's default sort, over rows of negated float32.
    ranked = np.argsort(-np.ascontiguousarray(sums.T, dtype=np.float32), axis=-1)
    masks = (count > rank for rank in range(count.max()))
    return [(ranked[speak, rank], frames[speak]) for rank, speak in enumerate(masks)]


def _turns(
    clusters: NDArray[np.intp], frames: NDArray[np.intp], middles_s: NDArray[np.float64]
) -> list[tuple[int, float, float]]:
    """Runs of frames, by cluster and time. A turn ends in the middle of the first frame after it, if there is one."""
    order = np.lexsort((frames, clusters))
    clusters, frames = clusters[order], frames[order]
    breaks = np.flatnonzero((np.diff(clusters) != 0) | (np.diff(frames) != 1))
    first, last = np.r_[0, breaks + 1], np.r_[breaks, len(frames) - 1]
    ends = np.minimum(frames[last] + 1, len(middles_s) - 1)
    starts_s, ends_s = middles_s[frames[first]], middles_s[ends]
    return list(zip(clusters[first].tolist(), starts_s.tolist(), ends_s.tolist(), strict=True))
