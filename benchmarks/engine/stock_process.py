"""Client of `stock.py`: stock pyannote.audio in a process of its own, with the cost of each call."""

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
    """Wall time and CPU time of a process tree."""

    wall_s: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class StockResult:
    """A timeline, its cost, and the numbers of active and of all local speakers (slots)."""

    timeline: Timeline
    cost: Cost
    active_slots: int
    slots: int


class Stock:
    """Loaded pipelines: the first one runs its networks, all of them can run the later steps on the outputs."""

    def __init__(self, *pipelines: Path) -> None:
        argv = [sys.executable, "-m", "benchmarks.engine.programs.stock", *map(str, pipelines)]
        self._process = subprocess.Popen(
            argv, stdin=-1, stdout=-1, stderr=subprocess.DEVNULL, text=True, env=os.environ | ENVIRONMENT
        )
        self._receive()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def call(self, wav: Path, options: Mapping[str, int] = {}, *, batch_size: int | None = None) -> StockResult:
        """Run the first pipeline on a recording."""
        return self._request({"call": str(wav), "options": dict(options), "batch_size": batch_size})

    def replay(self, pipeline: int, options: Mapping[str, int] = {}) -> StockResult:
        """Run clustering and all later steps of a pipeline on the networks' outputs of the last call."""
        return self._request({"replay": pipeline, "options": dict(options)})

    def _request(self, command: dict[str, Any]) -> StockResult:
        assert self._process.stdin
        wall_s, before_s = time.monotonic(), cpu_s(self._process.pid)
        print(json.dumps(command), file=self._process.stdin, flush=True)
        result = self._receive()
        cost = Cost(time.monotonic() - wall_s, cpu_s(self._process.pid) - before_s)
        return StockResult(Timeline.from_stock(result), cost, result["active_slots"], result["slots"])

    def _receive(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"Stock pyannote.audio has exited with status {self._process.wait()} without a result.")
        return json.loads(line)
