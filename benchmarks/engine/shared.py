"""What several parts need and what is measured once: stock's and the engine's answers on the same recordings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from benchmarks.engine import corpus, models
from benchmarks.engine.compare import Timeline
from benchmarks.engine.corpus import Asked, Recording
from benchmarks.engine.size import Size
from benchmarks.engine.stock_process import Cost, Stock, StockAnswer
from benchmarks.engine.under_test import EngineUnderTest, engine

Note = Callable[[str], None]
"""Progress for the person who waits."""

CLUSTERINGS = ("VBx", "AHC")
REAL_SIZE_ASKED: tuple[Asked, ...] = ({}, {"num_speakers": 2}, {}, {"min_speakers": 3}, {"max_speakers": 2})


@dataclass(frozen=True, slots=True)
class OnStock:
    """Stock's plain call on one recording, and each clustering's timeline for what is asked about the recording."""

    plain: StockAnswer
    timelines: Mapping[str, Timeline]


def on_stock(stock: Stock, recording: Recording, batch_size: int | None = None) -> OnStock:
    """The networks once, in a plain call; then both clusterings do the rest on what the networks gave."""
    plain = stock.call(recording.path, batch_size=batch_size)
    timelines = {name: stock.replay(index, recording.asked).timeline for index, name in enumerate(CLUSTERINGS)}
    return OnStock(plain, timelines)


def _median_of_three(running: EngineUnderTest, recording: Recording) -> tuple[Timeline, Cost]:
    """The engine's runs are short: whatever else the machine does for a moment falls on one of them, not on two."""
    answers = [running.costing(recording.content(), recording.asked) for _ in range(3)]
    return sorted(answers, key=lambda answer: answer[1].cpu_s)[1]


@dataclass
class Shared:
    """Each of these runs when a part first asks for it, one recording at a time."""

    size: Size
    note: Note

    @cached_property
    def real_size(self) -> list[Path]:
        """The real-size pipeline with each clustering."""
        self.note("the real-size pipelines are built, or found")
        return models.real_size()

    @cached_property
    def timed(self) -> list[Recording]:
        """Half a minute, and five: what single recordings cost is measured on them."""
        return [corpus.half_minute(self.size), corpus.five_minutes(self.size)]

    @cached_property
    def clips(self) -> list[Recording]:
        """The clips that arrive at once, with what is asked about each when they are compared."""
        return [
            corpus.asking(clip, REAL_SIZE_ASKED[number % len(REAL_SIZE_ASKED)])
            for number, clip in enumerate(corpus.clips(self.size))
        ]

    @cached_property
    def stock_real_size(self) -> dict[str, OnStock]:
        """Stock on the timed recordings and on the clips, by the recording's name."""
        answers: dict[str, OnStock] = {}
        with Stock(*self.real_size) as stock:
            stock.call(self.clips[0].path)  # warm
            for recording in [*self.clips, *self.timed]:
                answers[recording.name] = on_stock(stock, recording)
                self.note(f"stock, real size: {recording.name} in {answers[recording.name].plain.cost.wall_s:.0f} s")
        return answers

    @cached_property
    def exact_real_size(self) -> dict[str, tuple[Timeline, Cost]]:
        """`exact` (VBx) on the same, each recording asked about as it is compared."""
        return self._engine_real_size(self.size.exact)

    @cached_property
    def fast_real_size(self) -> dict[str, tuple[Timeline, Cost]]:
        """`fast` (VBx) on the same."""
        return self._engine_real_size(self.size.fast)

    def _engine_real_size(self, mode: str) -> dict[str, tuple[Timeline, Cost]]:
        with engine(mode, self.real_size[0]) as running:
            running.ask(self.timed[0].content())  # warm
            answers = {clip.name: running.costing(clip.content(), clip.asked) for clip in self.clips}
            answers |= {recording.name: _median_of_three(running, recording) for recording in self.timed}
        self.note(f"{mode}, real size: {sum(cost.wall_s for _, cost in answers.values()):.0f} s")
        return answers

    @cached_property
    def exact_demo(self) -> dict[str, Timeline]:
        """`exact` with the demo model on all that it is compared on."""
        with engine(self.size.exact) as running:
            answers = {
                recording.name: running.timeline(recording.content(), recording.asked)
                for recording in corpus.demo(self.size)
            }
        self.note(f"{self.size.exact}, demo model: {len(answers)} recordings")
        return answers
