"""Bounds on the number of speakers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pyannote.audio.pipelines.utils.diarization import set_num_speakers


@dataclass(frozen=True, slots=True)
class SpeakerBounds:
    """Bounds on the number of speakers, as pyannote.audio derives them from its arguments."""

    exact: int | None
    min: int
    max: float

    @classmethod
    def from_arguments(cls, arguments: dict[str, int]) -> SpeakerBounds:
        """Convert `num_speakers`, `min_speakers` and `max_speakers`, each optional."""
        bounds: Any = set_num_speakers(**arguments)  # annotated as int or None, but infinite if unbounded
        return cls(*bounds)

    def limit(self, embeddings: int) -> SpeakerBounds:
        """Return bounds of at most one speaker per embedding: K-means raises an error for more clusters."""
        limit = max(1, embeddings)
        return SpeakerBounds(self.exact and min(self.exact, limit), min(self.min, limit), min(self.max, limit))
