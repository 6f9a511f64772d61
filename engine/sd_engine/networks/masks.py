"""Masks of the frames from which a local speaker's embedding is computed.

The rule is that of pyannote.audio's `SpeakerDiarization.get_embeddings`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sd_engine.networks.geometry import Geometry


@dataclass(frozen=True, slots=True)
class SpeakerMasks:
    """Selects a speaker's frames without overlapping speech if there are enough of them, else all of its frames.

    There are enough if more than `min_clean_frames` remain. A negative number never excludes overlapping speech.
    """

    min_clean_frames: int

    @classmethod
    def create(cls, geometry: Geometry, *, exclude_overlap: bool, min_samples: int) -> SpeakerMasks:
        """Return the masks for a pipeline whose embedding network needs at least `min_samples`."""
        if not exclude_overlap:
            return cls(-1)
        return cls(math.ceil(geometry.frames * min_samples / geometry.window_samples))

    def __call__(self, activity: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Map activity, shape (windows, frames, speakers), to weights, shape (windows, speakers, frames)."""
        if self.min_clean_frames < 0:
            return _by_speaker(activity)
        clean = activity * (activity.sum(axis=2, keepdims=True) < 2)  # noqa: PLR2004 - two active speakers overlap
        enough = clean.sum(axis=1, keepdims=True) > self.min_clean_frames
        return _by_speaker(np.where(enough, clean, activity))


def _by_speaker(activity: NDArray[np.uint8]) -> NDArray[np.float32]:
    return activity.transpose(0, 2, 1).astype(np.float32)
