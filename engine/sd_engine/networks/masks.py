"""Which frames of a window speak for a speaker's embedding, as in pyannote's `SpeakerDiarization.get_embeddings`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sd_engine.networks.geometry import Geometry


@dataclass(frozen=True, slots=True)
class Masks:
    """A speaker's frames, without those in which another speaks too, unless too few would be left.

    `least_clean_frames` must be exceeded; below 0 = overlap is never left out.
    """

    least_clean_frames: int

    @classmethod
    def of(cls, geometry: Geometry, *, exclude_overlap: bool, least_samples: int) -> Masks:
        """`least_samples` is the shortest waveform that the embedding network takes."""
        if not exclude_overlap:
            return cls(-1)
        return cls(math.ceil(geometry.frames * least_samples / geometry.window_samples))

    def __call__(self, activity: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Activity, shape (windows, frames, speakers), to weights, shape (windows, speakers, frames)."""
        if self.least_clean_frames < 0:
            return _by_speaker(activity)
        clean = activity * (activity.sum(axis=2, keepdims=True) < 2)  # noqa: PLR2004 - two at once are an overlap
        enough = clean.sum(axis=1, keepdims=True) > self.least_clean_frames
        return _by_speaker(np.where(enough, clean, activity))


def _by_speaker(activity: NDArray[np.uint8]) -> NDArray[np.float32]:
    return activity.transpose(0, 2, 1).astype(np.float32)
