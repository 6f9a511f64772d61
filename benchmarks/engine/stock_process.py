"""The other end of `stock.py`: stock pyannote.audio in a process of its own, and what each call of it costs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.engine.compare import Timeline
from benchmarks.engine.processes import cpu_s

ENVIRONMENT = {"PYANNOTE_METRICS_ENABLED": "0", "HF_HUB_OFFLINE": "1", "PYTHONWARNINGS": "ignore"}


@dataclass(frozen=True, slots=True)
class Cost:
    """What something took, seen from outside."""

    wall_s: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class StockAnswer:
    """A timeline, its cost, and how many (window, speaker) slots of how many were active."""

    timeline: Timeline
    cost: Cost
    active_slots: int
    slots: int


class Stock:
    """Pipelines loaded once; the first one's networks run, the others may replay what they gave."""

    def __init__(self, *pipelines: Path) -> None:
        argv = [sys.executable, "-m", "benchmarks.engine.stock", *map(str, pipelines)]
        self._process = subprocess.Popen(
            argv, stdin=-1, stdout=-1, stderr=subprocess.DEVNULL, text=True, env=os.environ | ENVIRONMENT
        )
        self._answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def call(self, wav: Path, asked: Mapping[str, int] = {}, *, batch_size: int | None = None) -> StockAnswer:
        """The first pipeline on a recording."""
        return self._ask({"call": str(wav), "asked": dict(asked), "batch_size": batch_size})

    def replay(self, pipeline: int, asked: Mapping[str, int] = {}) -> StockAnswer:
        """Clustering and all that follows, by any of the pipelines, on what the networks gave in the last call."""
        return self._ask({"replay": pipeline, "asked": dict(asked)})

    def _ask(self, order: dict[str, Any]) -> StockAnswer:
        assert self._process.stdin
        wall_s, before_s = time.monotonic(), cpu_s(self._process.pid)
        print(json.dumps(order), file=self._process.stdin, flush=True)
        answer = self._answer()
        cost = Cost(time.monotonic() - wall_s, cpu_s(self._process.pid) - before_s)
        return StockAnswer(Timeline.of_stock(answer), cost, answer["active_slots"], answer["slots"])

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"Stock pyannote.audio ended with status {self._process.wait()} and without an answer.")
        return json.loads(line)
