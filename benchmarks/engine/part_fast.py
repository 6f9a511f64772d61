"""How far the timelines of `fast` stray from those of `exact`: by their diarization error rates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pyannote.core import Annotation, Segment
from pyannote.core import Timeline as Scored
from pyannote.metrics.diarization import DiarizationErrorRate

from benchmarks.engine import corpus
from benchmarks.engine.compare import Segment as Spoken
from benchmarks.engine.compare import Timeline
from benchmarks.engine.corpus import Recording
from benchmarks.engine.shared import Shared
from benchmarks.engine.under_test import engine
from benchmarks.record import Row


def measure(shared: Shared) -> list[Row]:
    recordings = corpus.evaluation(shared.size)
    fast, exact = (_error_rate(mode, recordings) for mode in (shared.size.fast, shared.size.exact))
    detail = (
        f"DER {fast:.2f} % of fast, {exact:.2f} % of exact; {len(recordings)} conversations, collar 0, with overlap"
    )
    return [Row("fast_der_gap_points", fast - exact, "points", "<= 0.5", f"{detail}; demo model")]


def _error_rate(mode: str, recordings: Sequence[Recording]) -> float:
    with engine(mode) as running:
        return der_percent(recordings, [running.timeline(recording.content()) for recording in recordings])


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
