"""Measurements that several parts use: results of stock pyannote.audio and of the engine on the same recordings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from benchmarks.engine.compare import Timeline
from benchmarks.engine.pipelines import models
from benchmarks.engine.recordings import corpus
from benchmarks.engine.recordings.corpus import Options, Recording
from benchmarks.engine.size import Size
from benchmarks.engine.stock_process import Cost, Stock, StockResult
from benchmarks.engine.under_test import EngineUnderTest, engine

Log = Callable[[str], None]
"""Writes a line of progress."""

CLUSTERINGS = ("VBx", "AHC")
REAL_SIZE_OPTIONS: tuple[Options, ...] = ({}, {"num_speakers": 2}, {}, {"min_speakers": 3}, {"max_speakers": 2})


@dataclass(frozen=True, slots=True)
class StockResults:
    """Stock's result without options, and the timeline of each clustering for the recording's options."""

    plain: StockResult
    timelines: Mapping[str, Timeline]


def run_stock(stock: Stock, recording: Recording, batch_size: int | None = None) -> StockResults:
    """Run the networks once, without options, and then all later steps with each clustering."""
    plain = stock.call(recording.path, batch_size=batch_size)
    timelines = {name: stock.replay(index, recording.options).timeline for index, name in enumerate(CLUSTERINGS)}
    return StockResults(plain, timelines)


def _median_of_three(running: EngineUnderTest, recording: Recording) -> tuple[Timeline, Cost]:
    """Return the run of median CPU time: a short disturbance of the machine affects one run of three."""
    results = [running.timeline_and_cost(recording.content(), recording.options) for _ in range(3)]
    return sorted(results, key=lambda result: result[1].cpu_s)[1]


@dataclass
class SharedResults:
    """Results that are measured on first use, one recording at a time."""

    size: Size
    log: Log

    @cached_property
    def real_size(self) -> list[Path]:
        """Directories of the real-size pipeline with each clustering."""
        self.log("building the real-size pipelines, unless they are cached")
        return models.real_size()

    @cached_property
    def timed(self) -> list[Recording]:
        """Recordings of half a minute and of five minutes, for the cost of a single recording."""
        return [corpus.half_minute(self.size), corpus.five_minutes(self.size)]

    @cached_property
    def clips(self) -> list[Recording]:
        """Clips that are sent concurrently, with the options they are compared with."""
        return [
            corpus.with_options(clip, REAL_SIZE_OPTIONS[number % len(REAL_SIZE_OPTIONS)])
            for number, clip in enumerate(corpus.clips(self.size))
        ]

    @cached_property
    def stock_real_size(self) -> dict[str, StockResults]:
        """Stock's results on the clips and the timed recordings, by recording name."""
        results: dict[str, StockResults] = {}
        with Stock(*self.real_size) as stock:
            stock.call(self.clips[0].path)  # warm up
            for recording in [*self.clips, *self.timed]:
                results[recording.name] = run_stock(stock, recording)
                self.log(f"stock, real size: {recording.name} in {results[recording.name].plain.cost.wall_s:.0f} s")
        return results

    @cached_property
    def exact_real_size(self) -> dict[str, tuple[Timeline, Cost]]:
        """Results of exact mode (VBx) on the same recordings, with their options."""
        return self._engine_real_size(self.size.exact)

    @cached_property
    def fast_real_size(self) -> dict[str, tuple[Timeline, Cost]]:
        """Results of fast mode (VBx) on the same recordings."""
        return self._engine_real_size(self.size.fast)

    def _engine_real_size(self, mode: str) -> dict[str, tuple[Timeline, Cost]]:
        with engine(mode, self.real_size[0]) as running:
            running.diarize(self.timed[0].content())  # warm up
            results = {clip.name: running.timeline_and_cost(clip.content(), clip.options) for clip in self.clips}
            results |= {recording.name: _median_of_three(running, recording) for recording in self.timed}
        self.log(f"{mode}, real size: {sum(cost.wall_s for _, cost in results.values()):.0f} s")
        return results

    @cached_property
    def exact_demo(self) -> dict[str, Timeline]:
        """Timelines of exact mode with the demo model on its recordings."""
        with engine(self.size.exact) as running:
            results = {
                recording.name: running.timeline(recording.content(), recording.options)
                for recording in corpus.demo(self.size)
            }
        self.log(f"{self.size.exact}, demo model: {len(results)} recordings")
        return results
