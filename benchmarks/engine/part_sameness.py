"""Whether `exact` gives stock's segments and embeddings on the whole corpus, for each kind of pipeline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.engine import corpus, models
from benchmarks.engine.compare import Timeline, difference, embedding_difference
from benchmarks.engine.corpus import Recording
from benchmarks.engine.shared import CLUSTERINGS, Shared, on_stock
from benchmarks.engine.stock_process import Stock
from benchmarks.engine.under_test import RefusedError, engine
from benchmarks.record import Row

MOST_EXCUSED = 0.02
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Case:
    """One recording on one pipeline: what stock says, and what the engine says (or why it says nothing)."""

    pipelines: Sequence[Path]
    clustering: int
    size_name: str
    recording: Recording
    stock: Timeline
    engine: Timeline | str

    @property
    def name(self) -> str:
        asked = "".join(f" {key}={value}" for key, value in self.recording.asked.items())
        return f"{self.size_name} {CLUSTERINGS[self.clustering]}, {self.recording.name}{asked}"

    def fault(self) -> str:
        """What differs; empty where nothing does."""
        return self.engine if isinstance(self.engine, str) else difference(self.engine, self.stock)


def measure(shared: Shared) -> list[Row]:
    cases = [*_demo(shared), *_real_size(shared)]
    faulty = [case for case in cases if case.fault()]
    excused = [case for case in faulty if _stock_differs_from_itself(case)]
    return rows(cases, faulty, excused if len(excused) <= MOST_EXCUSED * len(cases) else [])


def rows(cases: Sequence[Case], faulty: Sequence[Case], excused: Sequence[Case]) -> list[Row]:
    """The two rows; what is excused is listed, what is not counts."""
    wrong = [case for case in faulty if case not in excused]
    same = [case for case in cases if case not in faulty]
    recordings = {(case.size_name, case.recording.name): case.recording.duration_s for case in cases}
    detail = (
        f"{len(cases)} answers for {len(recordings)} recordings ({sum(recordings.values()) / 60:.0f} min), demo nets "
        f"and real-size nets, each with VBx and AHC{_listed('; differ', wrong)}"
        f"{_listed('; excused, as stock with batch size 1 differs from stock', excused)}"
    )
    worst = max(same, key=_embedding_difference, default=None)
    return [
        Row("exact_segment_mismatches", len(wrong), "answers", "<= 0", detail),
        Row(
            "exact_embedding_max_diff",
            _embedding_difference(worst) if worst else 0.0,
            "of the norm",
            "<= 1e-4",
            f"largest over the {len(same)} answers with the same segments" + (f": {worst.name}" if worst else ""),
        ),
    ]


def _listed(title: str, cases: Sequence[Case]) -> str:
    if not cases:
        return ""
    shown = "; ".join(f"{case.name}: {case.fault()}" for case in cases[:_SHOWN])
    return f"{title}: {shown}" + (f"; and {len(cases) - _SHOWN} more" if len(cases) > _SHOWN else "")


def _embedding_difference(case: Case) -> float:
    assert isinstance(case.engine, Timeline), "Only answers with the same segments are asked for their embeddings."
    return embedding_difference(case.engine, case.stock)


def _demo(shared: Shared) -> list[Case]:
    recordings, pipelines = corpus.demo(shared.size), models.demo()
    with Stock(*pipelines) as stock:
        stocks = {recording.name: on_stock(stock, recording).timelines for recording in recordings}
    shared.note(f"stock, demo nets: {len(stocks)} recordings")
    ahc = _answers(shared, pipelines[1], recordings)
    ours: list[Callable[[str], Timeline | str]] = [shared.exact_demo.__getitem__, ahc.__getitem__]
    return [
        Case(pipelines, index, "demo", recording, stocks[recording.name][name], ours[index](recording.name))
        for index, name in enumerate(CLUSTERINGS)
        for recording in recordings
    ]


def _real_size(shared: Shared) -> list[Case]:
    """The clips, and half a minute: at most five minutes."""
    recordings = [*shared.clips, shared.timed[0]]
    ahc = _answers(shared, shared.real_size[1], recordings)
    vbx = {recording.name: shared.exact_real_size[recording.name][0] for recording in recordings}
    return [
        Case(
            shared.real_size,
            index,
            "real-size",
            recording,
            shared.stock_real_size[recording.name].timelines[name],
            (vbx, ahc)[index][recording.name],
        )
        for index, name in enumerate(CLUSTERINGS)
        for recording in recordings
    ]


def _answers(shared: Shared, pipeline: Path, recordings: Sequence[Recording]) -> dict[str, Timeline | str]:
    with engine(shared.size.exact, pipeline) as running:
        answers: dict[str, Timeline | str] = {}
        for recording in recordings:
            try:
                answers[recording.name] = running.timeline(recording.content(), recording.asked)
            except RefusedError as refusal:
                answers[recording.name] = str(refusal)
    shared.note(f"{shared.size.exact}, {pipeline.name}: {len(answers)} recordings")
    return answers


def _stock_differs_from_itself(case: Case) -> bool:
    with Stock(*case.pipelines) as stock:
        alone = on_stock(stock, case.recording, batch_size=1).timelines[CLUSTERINGS[case.clustering]]
    return bool(difference(alone, case.stock))
