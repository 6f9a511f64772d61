"""Difference of the diarization error rates of fast and exact mode."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pyannote.core import Annotation, Segment
from pyannote.core import Timeline as ScoredTime
from pyannote.metrics.diarization import DiarizationErrorRate

from benchmarks.engine.compare import Segment as SpeakerSegment
from benchmarks.engine.compare import Timeline
from benchmarks.engine.recordings import corpus
from benchmarks.engine.recordings.corpus import Recording
from benchmarks.engine.shared import SharedResults
from benchmarks.engine.under_test import engine
from benchmarks.record import Row


def measure(shared: SharedResults) -> list[Row]:
    recordings = corpus.evaluation(shared.size)
    fast, exact = (_error_rate(mode, recordings) for mode in (shared.size.fast, shared.size.exact))
    detail = (
        f"DER {fast:.2f} % in fast mode, {exact:.2f} % in exact mode; {len(recordings)} conversations, "
        "no collar, with overlap"
    )
    return [Row("fast_der_gap_points", fast - exact, "points", "<= 0.5", f"{detail}; demo model")]


def _error_rate(mode: str, recordings: Sequence[Recording]) -> float:
    with engine(mode) as running:
        return der_percent(recordings, [running.timeline(recording.content()) for recording in recordings])


def der_percent(recordings: Sequence[Recording], timelines: Iterable[Timeline]) -> float:
    """Return the diarization error rate over all recordings, without a collar and with overlapping speech."""
    metric = DiarizationErrorRate(collar=0.0, skip_overlap=False)
    for recording, timeline in zip(recordings, timelines, strict=True):
        reference = _annotation([(turn.start_s, turn.end_s, turn.speaker) for turn in recording.turns])
        metric(reference, _annotation(timeline.segments), uem=ScoredTime([Segment(0, recording.duration_s)]))
    return 100 * abs(metric)


def _annotation(segments: Iterable[SpeakerSegment]) -> Annotation:
    annotation = Annotation()
    for number, (start_s, end_s, speaker) in enumerate(segments):
        annotation[Segment(start_s, end_s), number] = speaker
    return annotation
