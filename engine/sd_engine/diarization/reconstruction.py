"""Reconstruction: from all windows' activity and clusters to the speech turns of the whole recording.

The result is that of pyannote.audio's `SpeakerDiarization.reconstruct`, including the order of ties. pyannote.audio
holds an array of all windows, frames and clusters; here the windows are summed one after the other.
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

UNASSIGNED = -2
"""pyannote.audio's cluster number of a local speaker that is inactive or has been assigned to no cluster."""

_EPSILON = 1e-12
_BLOCK_SCORES = 1_000_000
"""Scores sorted in one block: four bytes each, and eight for their index."""

Segmentations = NDArray[np.uint8]
"""Activity of all windows, shape (windows, frames, local speakers); 1 = active."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameGrid:
    """Times of windows and frames in a recording, computed as in pyannote.core's SlidingWindow."""

    window_duration_s: float
    window_step_s: float
    frame_duration_s: float
    frame_step_s: float

    def first_frames(self, windows: int) -> list[int]:
        """Return the first frame of each window."""
        half_s = 0.5 * self.frame_duration_s
        starts_s = np.arange(windows) * self.window_step_s
        return np.rint((starts_s + half_s - half_s) / self.frame_step_s).astype(int).tolist()

    def frames(self, windows: int) -> int:
        """Return the number of frames that the windows cover."""
        half_s = 0.5 * self.frame_duration_s
        end_s = self.window_duration_s + (windows - 1) * self.window_step_s + half_s
        return int(np.rint((end_s - half_s) / self.frame_step_s)) + 1

    def middles_s(self, frames: int) -> NDArray[np.float64]:
        """Return the middle of each frame."""
        starts_s = np.arange(frames) * self.frame_step_s
        return 0.5 * (starts_s + (starts_s + self.frame_duration_s))

    def count_dtype(self) -> np.dtype[Any]:
        """Return the smallest type that can count the windows over one frame."""
        return np.min_scalar_type(math.ceil(self.window_duration_s / self.window_step_s) + 1)


def speaker_count(segmentations: Segmentations, grid: FrameGrid) -> NDArray[np.uint8]:
    """Return the number of active speakers per frame: the mean over all windows, rounded.

    Same as pyannote.audio's `SpeakerDiarizationMixin.speaker_count`.
    """
    windows, length, _ = segmentations.shape
    # Integers far below 2 ** 24: float32 sums are exact, in any order.
    active = np.zeros(grid.frames(windows), np.float32)
    covering = np.zeros_like(active)
    window_counts = segmentations.sum(axis=2, dtype=np.uint8)
    for first, window_count in zip(grid.first_frames(windows), window_counts, strict=True):
        active[first : first + length] += window_count
        covering[first : first + length] += 1
    return np.rint(active / np.maximum(covering, _EPSILON)).astype(np.uint8)


def inactive_speakers(segmentations: Segmentations) -> NDArray[np.bool_]:
    """Return a mask of local speakers without an active frame, shape (windows, local speakers)."""
    return segmentations.max(axis=1) == 0


def activations(segmentations: Segmentations, clusters: NDArray[np.int32], grid: FrameGrid) -> NDArray[Any]:
    """Return the number of windows in which each cluster is active, per frame; shape (clusters, frames).

    Args:
        segmentations: activity of all windows.
        clusters: cluster of each local speaker or UNASSIGNED, shape (windows, local speakers).
        grid: times of the windows.
    """
    windows, length, _ = segmentations.shape
    sums = np.zeros((clusters.max() + 1, grid.frames(windows)), grid.count_dtype())
    for first, activity, assigned in zip(grid.first_frames(windows), segmentations, clusters, strict=True):
        for cluster in set(assigned.tolist()) - {UNASSIGNED}:
            sums[cluster, first : first + length] += activity[:, assigned == cluster].max(axis=1)
    return sums


def annotation(
    activations: NDArray[Any], count: NDArray[np.uint8], grid: FrameGrid, *, min_duration_off_s: float = 0.0
) -> Annotation:
    """Return the speech turns of the `count` most active clusters of each frame, labelled with cluster numbers.

    Same as pyannote.audio's `SpeakerDiarizationMixin.to_diarization` and `to_annotation`. Pauses up to
    `min_duration_off_s` within a cluster are filled.
    """
    # Frames with more active speakers than clusters get additional clusters without activity, as in pyannote.audio.
    padded = np.pad(activations, ((0, max(0, int(count.max()) - len(activations))), (0, 0)))
    turns = _turns(*_most_active(padded, count), middles_s=grid.middles_s(len(count)))
    tracks = list(islice(string_generator(), len(padded)))
    result = Annotation()
    for cluster, start_s, end_s in turns:
        result[Segment(start_s, end_s), tracks[cluster]] = cluster
    return result.support(collar=min_duration_off_s) if min_duration_off_s > 0 else result


def _most_active(activations: NDArray[Any], count: NDArray[np.uint8]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return unordered pairs of active cluster and frame, as two arrays."""
    speech = np.flatnonzero(count)
    block = max(1, _BLOCK_SCORES // len(activations))
    blocks = [speech[begin : begin + block] for begin in range(0, len(speech), block)]
    pairs = [pair for frames in blocks for pair in _most_active_in(frames, activations[:, frames], count[frames])]
    clusters, frames = zip(*pairs, strict=True)
    return np.concatenate(clusters), np.concatenate(frames)


def _most_active_in(
    frames: NDArray[np.intp], activations: NDArray[Any], count: NDArray[np.uint8]
) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    # pyannote.audio's order of ties: NumPy's default sort of rows of negated float32.
    ranked = np.argsort(-np.ascontiguousarray(activations.T, dtype=np.float32), axis=-1)
    masks = (count > rank for rank in range(count.max()))
    return [(ranked[active, rank], frames[active]) for rank, active in enumerate(masks)]


def _turns(
    clusters: NDArray[np.intp], frames: NDArray[np.intp], middles_s: NDArray[np.float64]
) -> list[tuple[int, float, float]]:
    """Join consecutive frames of a cluster into turns of cluster, start and end, ordered by cluster and time.

    A turn ends in the middle of the frame after its last one, or of the last frame of the recording.
    """
    order = np.lexsort((frames, clusters))
    clusters, frames = clusters[order], frames[order]
    breaks = np.flatnonzero((np.diff(clusters) != 0) | (np.diff(frames) != 1))
    first, last = np.r_[0, breaks + 1], np.r_[breaks, len(frames) - 1]
    ends = np.minimum(frames[last] + 1, len(middles_s) - 1)
    starts_s, ends_s = middles_s[frames[first]], middles_s[ends]
    return list(zip(clusters[first].tolist(), starts_s.tolist(), ends_s.tolist(), strict=True))
