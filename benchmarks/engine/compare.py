"""Comparison of timelines: the same speakers, each with the same segments, to the millisecond."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

TOLERANCE_S = 0.001
_ROUNDING_S = 1e-6
"""Added to the tolerance: the difference of two times in milliseconds has a floating-point error."""

Segment = tuple[float, float, str]
"""Start, end (seconds) and speaker."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """A result of the engine or of stock pyannote.audio. Components of an embedding that are NaN are None."""

    segments: Sequence[Segment]
    exclusive: Sequence[Segment] = ()
    embeddings: Mapping[str, Sequence[float | None]] = field(default_factory=dict)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Timeline:
        """Convert the engine's response document."""
        return cls(
            _segments(document["segments"]),
            _segments(document.get("exclusive_segments", ())),
            document.get("embeddings", {}),
        )

    @classmethod
    def from_stock(cls, result: Mapping[str, Any]) -> Timeline:
        """Convert a result of `stock.py`."""
        plain, exclusive = ([tuple(part) for part in result[key]] for key in ("segments", "exclusive_segments"))
        return cls(plain, exclusive, result["embeddings"])


def difference(left: Timeline, right: Timeline) -> str:
    """Return a description of the first difference, or "" if there is none."""
    plain = _difference(left.segments, right.segments)
    exclusive = _difference(left.exclusive, right.exclusive)
    return plain or (f"exclusive: {exclusive}" if exclusive else "")


def embedding_difference(left: Timeline, right: Timeline) -> float:
    """Return the largest distance of a speaker's embeddings relative to the norm of the right one.

    It is infinite if an embedding is missing.
    """
    if set(left.embeddings) != set(right.embeddings):
        return math.inf
    return max(
        (_relative_distance(left.embeddings[speaker], right.embeddings[speaker]) for speaker in right.embeddings),
        default=0.0,
    )


def _segments(rows: Sequence[Mapping[str, Any]]) -> list[Segment]:
    return [(row["start_time"], row["end_time"], row["speaker"]) for row in rows]


def _difference(left: Sequence[Segment], right: Sequence[Segment]) -> str:
    actual, expected = _by_speaker(left), _by_speaker(right)
    if set(actual) != set(expected):
        return f"speakers {sorted(actual)}, not {sorted(expected)}"
    for speaker in sorted(expected):
        if len(actual[speaker]) != len(expected[speaker]):
            return f"{len(actual[speaker])} segments of {speaker}, not {len(expected[speaker])}"
        for segment, other in zip(actual[speaker], expected[speaker], strict=True):
            if max(abs(segment[0] - other[0]), abs(segment[1] - other[1])) > TOLERANCE_S + _ROUNDING_S:
                return f"{speaker} {segment[0]:.3f}–{segment[1]:.3f}, not {other[0]:.3f}–{other[1]:.3f}"
    return ""


def _by_speaker(segments: Sequence[Segment]) -> dict[str, list[tuple[float, float]]]:
    segments_by_speaker: dict[str, list[tuple[float, float]]] = {}
    for start_s, end_s, speaker in sorted(segments):
        segments_by_speaker.setdefault(speaker, []).append((start_s, end_s))
    return segments_by_speaker


def _relative_distance(left: Sequence[float | None], right: Sequence[float | None]) -> float:
    actual, expected = (np.array(vector, dtype=np.float64) for vector in (left, right))
    if not np.array_equal(np.isnan(actual), np.isnan(expected)):
        return math.inf
    difference, norm = (float(np.linalg.norm(np.nan_to_num(vector))) for vector in (actual - expected, expected))
    if difference == 0:  # also if both vectors are zero or NaN
        return 0.0
    return difference / norm if norm else math.inf
