"""What `fast` saves against stock, and how far it strays from `exact`: by its timelines, and by its embeddings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from pyannote.core import Annotation, Segment
from pyannote.core import Timeline as Scored
from pyannote.metrics.diarization import DiarizationErrorRate
from scipy.optimize import linear_sum_assignment

from benchmarks.engine import corpus
from benchmarks.engine.compare import Segment as Spoken
from benchmarks.engine.compare import Timeline
from benchmarks.engine.corpus import Recording
from benchmarks.engine.part_exact import cost_row
from benchmarks.engine.shared import Shared
from benchmarks.engine.under_test import engine
from benchmarks.record import Row

SAME_SPEAKER = 0.8
"""The least share of two speakers' time that one and the same has in both timelines."""


def measure(shared: Shared) -> list[Row]:
    five_minutes = shared.timed[1].name
    stock, (_, fast) = shared.stock_real_size[five_minutes].plain.cost, shared.fast_real_size[five_minutes]
    return [cost_row("fast_cpu_ratio_5min", ">= 25", stock, fast), _der_gap(shared), *_embeddings(shared)]


def _der_gap(shared: Shared) -> Row:
    recordings = corpus.evaluation(shared.size)
    with engine(shared.size.fast) as running:
        fast = der_percent(recordings, [running.timeline(recording.content()) for recording in recordings])
    exact = der_percent(recordings, [shared.exact_demo[recording.name] for recording in recordings])
    detail = (
        f"DER {fast:.2f} % of fast, {exact:.2f} % of exact; {len(recordings)} conversations, collar 0, with overlap"
    )
    return Row("fast_der_gap_points", fast - exact, "points", "<= 0.5", f"{detail}; demo model")


def der_percent(recordings: Sequence[Recording], timelines: Iterable[Timeline]) -> float:
    """Diarization error rate over all recordings, collar 0, overlapping speech included."""
    metric = DiarizationErrorRate(collar=0.0, skip_overlap=False)
    for recording, timeline in zip(recordings, timelines, strict=True):
        truth = _annotation([(turn.start_s, turn.end_s, turn.speaker) for turn in recording.turns])
        metric(truth, _annotation(timeline.segments), uem=Scored([Segment(0, recording.duration_s)]))
    return 100 * abs(metric)


def _annotation(segments: Iterable[Spoken]) -> Annotation:
    annotation = Annotation()
    for number, (start_s, end_s, speaker) in enumerate(segments):
        annotation[Segment(start_s, end_s), number] = speaker
    return annotation


def _embeddings(shared: Shared) -> list[Row]:
    pairs, strangers, speakers = [], [], 0
    for name, (fast, _) in shared.fast_real_size.items():
        exact, _ = shared.exact_real_size[name]
        pairs += same_speakers(fast, exact)
        speakers += len(exact.embeddings)
        strangers += combinations(filter(_is_whole, map(_unit, exact.embeddings.values())), 2)
    cosine = float(np.mean([fast @ exact for fast, exact in pairs]))
    apart = float(np.mean([np.linalg.norm(one - other) for one, other in strangers]))
    share = float(np.mean([np.linalg.norm(fast - exact) for fast, exact in pairs])) / apart
    detail = f"{len(pairs)} of {speakers} speakers of the real-size recordings, those whom both modes found"
    return [
        Row("fast_embedding_cosine", cosine, "", ">= 0.99", f"mean of fast and exact; {detail}"),
        Row(
            "fast_distance_share",
            share,
            "×",
            "<= 0.2",
            f"mean distance of fast from exact over that of different speakers in exact ({apart:.2f}); {detail}",
        ),
    ]


def same_speakers(one: Timeline, other: Timeline) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Unit embeddings of the speakers whom both timelines found: four fifths of their time, taken together, is shared.

    Where one timeline splits or joins speakers, nobody of them is the same in both: the error rate counts that.
    """
    ours, theirs = sorted(one.embeddings), sorted(other.embeddings)
    shared_s = np.array([[_shared_s(one, left, other, right) for right in theirs] for left in ours]).reshape(
        len(ours), len(theirs)
    )
    pairs = [
        (_unit(one.embeddings[ours[row]]), _unit(other.embeddings[theirs[column]]))
        for row, column in zip(*linear_sum_assignment(-shared_s), strict=True)
        if shared_s[row, column]
        >= SAME_SPEAKER * (_spoken_s(one, ours[row]) + _spoken_s(other, theirs[column]) - shared_s[row, column])
    ]
    return [pair for pair in pairs if all(map(_is_whole, pair))]


def _spoken_s(timeline: Timeline, speaker: str) -> float:
    return sum(end_s - start_s for start_s, end_s, label in timeline.segments if label == speaker)


def _shared_s(one: Timeline, left: str, other: Timeline, right: str) -> float:
    theirs = [segment for segment in other.segments if segment[2] == right]
    return sum(
        max(0.0, min(mine[1], segment[1]) - max(mine[0], segment[0]))
        for mine in one.segments
        if mine[2] == left
        for segment in theirs
    )


def _unit(vector: Sequence[float | None]) -> NDArray[np.float64]:
    values = np.array(vector, dtype=np.float64)
    return values / np.linalg.norm(values)


def _is_whole(vector: NDArray[np.float64]) -> bool:
    return bool(np.isfinite(vector).all())
