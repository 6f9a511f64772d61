"""The engine that is measured: a real process, asked over its socket, its counters read from its metrics."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sd_harness.engine.engine_process import EngineProcess

from benchmarks.engine.compare import Timeline
from benchmarks.engine.processes import cpu_s
from benchmarks.engine.stock_process import Cost

INCLUDE = ("exclusive", "embeddings")
_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')


class RefusedError(RuntimeError):
    """The engine refused a recording that a benchmark expected to be answered."""


@dataclass(frozen=True, slots=True)
class EngineUnderTest:
    """A ready engine. Several threads may ask it at once: each call comes over a connection of its own."""

    process: EngineProcess
    run_dir: Path

    @property
    def process_id(self) -> int:
        return self.process.process.pid

    def ask(
        self, recording: bytes, asked: Mapping[str, int] = {}, *, include: tuple[str, ...] = INCLUDE
    ) -> dict[str, Any]:
        """The document that a recording is answered with.

        Raises:
            RefusedError: it was not answered with one.
        """
        with self.process.adapter("benchmark") as adapter:
            adapter.send(recording, request_id="benchmark", include=include, **asked)
            message, document = adapter.receive()
        if document is None:
            raise RefusedError(f"The engine refused a recording: {message}")
        return document

    def timeline(self, recording: bytes, asked: Mapping[str, int] = {}) -> Timeline:
        return Timeline.of_engine(self.ask(recording, asked))

    def costing(self, recording: bytes, asked: Mapping[str, int] = {}) -> tuple[Timeline, Cost]:
        """A timeline, and what it cost the whole tree of processes."""
        started, before_s = time.monotonic(), cpu_s(self.process_id)
        timeline = self.timeline(recording, asked)
        return timeline, Cost(time.monotonic() - started, cpu_s(self.process_id) - before_s)

    def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples that carry these labels.

        Raises:
            LookupError: there is no such sample; a benchmark must not take a missing counter for a zero.
        """
        found = [
            float(value)
            for sample, text, value in _SAMPLE.findall(self.process.get("/metrics")[1])
            if sample == name and labels.items() <= dict(_LABEL.findall(text)).items()
        ]
        if not found:
            raise LookupError(f"The engine shows no metric {name} {labels or ''}.")
        return sum(found)

    def metrics_by(self, name: str, label: str) -> dict[str, float]:
        """A metric's samples summed by one of its labels; empty where there are none."""
        sums: dict[str, float] = {}
        for sample, text, value in _SAMPLE.findall(self.process.get("/metrics")[1]):
            if sample == name:
                key = dict(_LABEL.findall(text)).get(label, "")
                sums[key] = sums.get(key, 0.0) + float(value)
        return sums


@contextmanager
def engine(
    mode: str, model: Path | None = None, run_dir: Path | None = None, **settings: object
) -> Iterator[EngineUnderTest]:
    """An engine of its own, ready; without a `model` it runs the demo model."""
    told = {"mode": mode, "device": "cpu", **settings} | ({"model_dir": model} if model else {})
    with TemporaryDirectory(prefix="sd-") as folder:
        directory = run_dir or Path(folder)
        with EngineProcess(directory, **told) as process:
            process.wait_for("/readyz")
            yield EngineUnderTest(process, directory)
