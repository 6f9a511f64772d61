"""When two timelines are the same: the same speakers, each with the same segments, to the millisecond."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

TOLERANCE_S = 0.001
_ROUNDING_S = 1e-6
"""Two times that were rounded to milliseconds differ by one of them and a last bit."""

Segment = tuple[float, float, str]
"""Start, end (seconds) and speaker."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """An answer, whoever gave it. A component of an embedding is None where it is no number."""

    segments: Sequence[Segment]
    exclusive: Sequence[Segment] = ()
    embeddings: Mapping[str, Sequence[float | None]] = field(default_factory=dict)

    @classmethod
    def of_engine(cls, document: Mapping[str, Any]) -> Timeline:
        """From the contract's document."""
        return cls(
            _segments(document["segments"]),
            _segments(document.get("exclusive_segments", ())),
            document.get("embeddings", {}),
        )

    @classmethod
    def of_stock(cls, answer: Mapping[str, Any]) -> Timeline:
        """From what `stock.py` prints."""
        plain, exclusive = ([tuple(part) for part in answer[key]] for key in ("segments", "exclusive_segments"))
        return cls(plain, exclusive, answer["embeddings"])


def difference(left: Timeline, right: Timeline) -> str:
    """What differs first, in words; empty where the two are the same."""
    plain = _difference(left.segments, right.segments)
    exclusive = _difference(left.exclusive, right.exclusive)
    return plain or (f"exclusive: {exclusive}" if exclusive else "")


def embedding_difference(left: Timeline, right: Timeline) -> float:
    """The largest distance of a speaker's two embeddings, in norms of the right one; infinite if one is missing."""
    if set(left.embeddings) != set(right.embeddings):
        return math.inf
    return max(
        (_share(left.embeddings[speaker], right.embeddings[speaker]) for speaker in right.embeddings), default=0.0
    )


def _segments(rows: Sequence[Mapping[str, Any]]) -> list[Segment]:
    return [(row["start_time"], row["end_time"], row["speaker"]) for row in rows]


def _difference(left: Sequence[Segment], right: Sequence[Segment]) -> str:
    ours, theirs = _by_speaker(left), _by_speaker(right)
    if set(ours) != set(theirs):
        return f"speakers {sorted(ours)}, not {sorted(theirs)}"
    for speaker in sorted(theirs):
        if len(ours[speaker]) != len(theirs[speaker]):
            return f"{len(ours[speaker])} segments of {speaker}, not {len(theirs[speaker])}"
        for mine, other in zip(ours[speaker], theirs[speaker], strict=True):
            if max(abs(mine[0] - other[0]), abs(mine[1] - other[1])) > TOLERANCE_S + _ROUNDING_S:
                return f"{speaker} {mine[0]:.3f}–{mine[1]:.3f}, not {other[0]:.3f}–{other[1]:.3f}"
    return ""


def _by_speaker(segments: Sequence[Segment]) -> dict[str, list[tuple[float, float]]]:
    found: dict[str, list[tuple[float, float]]] = {}
    for start_s, end_s, speaker in sorted(segments):
        found.setdefault(speaker, []).append((start_s, end_s))
    return found


def _share(left: Sequence[float | None], right: Sequence[float | None]) -> float:
    mine, other = (np.array(vector, dtype=np.float64) for vector in (left, right))
    if not np.array_equal(np.isnan(mine), np.isnan(other)):
        return math.inf
    difference, whole = (float(np.linalg.norm(np.nan_to_num(vector))) for vector in (mine - other, other))
    if difference == 0:  # also where both are nothing but zeros, or no numbers at all
        return 0.0
    return difference / whole if whole else math.inf
