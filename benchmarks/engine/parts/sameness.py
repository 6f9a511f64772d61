"""Equality of exact mode and stock pyannote.audio: segments and embeddings of all recordings and pipelines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.engine.compare import Timeline, difference, embedding_difference
from benchmarks.engine.pipelines import models
from benchmarks.engine.recordings import corpus
from benchmarks.engine.recordings.corpus import Recording
from benchmarks.engine.shared import CLUSTERINGS, SharedResults, run_stock
from benchmarks.engine.stock_process import Stock
from benchmarks.engine.under_test import RequestRejectedError, engine
from benchmarks.record import Row

MAX_UNSTABLE_SHARE = 0.02
"""Share of results that may differ without counting if stock's own result depends on its batch size."""
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Comparison:
    """One recording on one pipeline: stock's timeline, and the engine's timeline or its error message."""

    pipelines: Sequence[Path]
    clustering: int
    size_name: str
    recording: Recording
    stock: Timeline
    engine: Timeline | str

    @property
    def name(self) -> str:
        options = "".join(f" {key}={value}" for key, value in self.recording.options.items())
        return f"{self.size_name} {CLUSTERINGS[self.clustering]}, {self.recording.name}{options}"

    def error(self) -> str:
        """Return a description of the first difference, or "" if there is none."""
        return self.engine if isinstance(self.engine, str) else difference(self.engine, self.stock)


def measure(shared: SharedResults) -> list[Row]:
    cases = [*_demo(shared), *_real_size(shared)]
    different = [case for case in cases if case.error()]
    unstable = [case for case in different if _stock_differs_from_itself(case)]
    return rows(cases, different, unstable if len(unstable) <= MAX_UNSTABLE_SHARE * len(cases) else [])


def rows(cases: Sequence[Comparison], different: Sequence[Comparison], unstable: Sequence[Comparison]) -> list[Row]:
    """Return the two rows. Differences in `unstable` cases are listed but not counted."""
    counted = [case for case in different if case not in unstable]
    same = [case for case in cases if case not in different]
    recordings = {(case.size_name, case.recording.name): case.recording.duration_s for case in cases}
    detail = (
        f"{len(cases)} results for {len(recordings)} recordings ({sum(recordings.values()) / 60:.0f} min), demo and "
        f"real-size networks, each with VBx and AHC{_listed('; different', counted)}"
        f"{_listed('; not counted, as stock itself changes with batch size 1', unstable)}"
    )
    worst = max(same, key=_embedding_difference, default=None)
    return [
        Row("exact_segment_mismatches", len(counted), "answers", "<= 0", detail),
        Row(
            "exact_embedding_max_diff",
            _embedding_difference(worst) if worst else 0.0,
            "of the norm",
            "<= 1e-4",
            f"largest over the {len(same)} results with the same segments" + (f": {worst.name}" if worst else ""),
        ),
    ]


def _listed(title: str, cases: Sequence[Comparison]) -> str:
    if not cases:
        return ""
    shown = "; ".join(f"{case.name}: {case.error()}" for case in cases[:_SHOWN])
    return f"{title}: {shown}" + (f"; and {len(cases) - _SHOWN} more" if len(cases) > _SHOWN else "")


def _embedding_difference(case: Comparison) -> float:
    assert isinstance(case.engine, Timeline), "Only results with the same segments have their embeddings compared."
    return embedding_difference(case.engine, case.stock)


def _demo(shared: SharedResults) -> list[Comparison]:
    recordings, pipelines = corpus.demo(shared.size), models.demo()
    with Stock(*pipelines) as stock:
        stocks = {recording.name: run_stock(stock, recording).timelines for recording in recordings}
    shared.log(f"stock, demo networks: {len(stocks)} recordings")
    ahc = _timelines(shared, pipelines[1], recordings)
    engine_timelines: list[Callable[[str], Timeline | str]] = [shared.exact_demo.__getitem__, ahc.__getitem__]
    return [
        Comparison(
            pipelines, index, "demo", recording, stocks[recording.name][name], engine_timelines[index](recording.name)
        )
        for index, name in enumerate(CLUSTERINGS)
        for recording in recordings
    ]


def _real_size(shared: SharedResults) -> list[Comparison]:
    """Compare the clips and the recording of half a minute; stock needs minutes for each minute."""
    recordings = [*shared.clips, shared.timed[0]]
    ahc = _timelines(shared, shared.real_size[1], recordings)
    vbx = {recording.name: shared.exact_real_size[recording.name][0] for recording in recordings}
    return [
        Comparison(
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


def _timelines(shared: SharedResults, pipeline: Path, recordings: Sequence[Recording]) -> dict[str, Timeline | str]:
    with engine(shared.size.exact, pipeline) as running:
        timelines: dict[str, Timeline | str] = {}
        for recording in recordings:
            try:
                timelines[recording.name] = running.timeline(recording.content(), recording.options)
            except RequestRejectedError as error:
                timelines[recording.name] = str(error)
    shared.log(f"{shared.size.exact}, {pipeline.name}: {len(timelines)} recordings")
    return timelines


def _stock_differs_from_itself(case: Comparison) -> bool:
    with Stock(*case.pipelines) as stock:
        unbatched = run_stock(stock, case.recording, batch_size=1).timelines[CLUSTERINGS[case.clustering]]
    return bool(difference(unbatched, case.stock))
