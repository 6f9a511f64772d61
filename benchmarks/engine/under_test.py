"""The measured engine: a process that gets requests through its socket and whose metrics are read over HTTP."""

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


class RequestRejectedError(RuntimeError):
    """The engine rejected a valid recording."""


@dataclass(frozen=True, slots=True)
class EngineUnderTest:
    """A ready engine. Thread-safe: each request has a connection of its own."""

    process: EngineProcess
    run_dir: Path

    @property
    def process_id(self) -> int:
        return self.process.process.pid

    def diarize(
        self, recording: bytes, options: Mapping[str, int] = {}, *, include: tuple[str, ...] = INCLUDE
    ) -> dict[str, Any]:
        """Return the response document of a recording.

        Raises:
            RequestRejectedError: the engine returned an error.
        """
        with self.process.adapter("benchmark") as adapter:
            adapter.send(recording, request_id="benchmark", include=include, **options)
            message, document = adapter.receive()
        if document is None:
            raise RequestRejectedError(f"The engine rejected a recording: {message}")
        return document

    def timeline(self, recording: bytes, options: Mapping[str, int] = {}) -> Timeline:
        return Timeline.from_document(self.diarize(recording, options))

    def timeline_and_cost(self, recording: bytes, options: Mapping[str, int] = {}) -> tuple[Timeline, Cost]:
        """Return a timeline and its cost for the whole process tree."""
        started, before_s = time.monotonic(), cpu_s(self.process_id)
        timeline = self.timeline(recording, options)
        return timeline, Cost(time.monotonic() - started, cpu_s(self.process_id) - before_s)

    def metric(self, name: str, **labels: str) -> float:
        """Return the sum of a metric's samples with these labels.

        Raises:
            LookupError: there is no such sample; a missing counter must not be read as zero.
        """
        values = [
            float(value)
            for sample, text, value in _SAMPLE.findall(self.process.get("/metrics")[1])
            if sample == name and labels.items() <= dict(_LABEL.findall(text)).items()
        ]
        if not values:
            raise LookupError(f"The engine exports no metric {name} {labels or ''}.")
        return sum(values)

    def metrics_by(self, name: str, label: str) -> dict[str, float]:
        """Return the sums of a metric's samples by one of its labels; empty if there are none."""
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
    """Start an engine and wait until it is ready; `model` None = the demo model."""
    all_settings = {"mode": mode, "device": "cpu", **settings} | ({"model_dir": model} if model else {})
    with TemporaryDirectory(prefix="sd-") as folder:
        directory = run_dir or Path(folder)
        with EngineProcess(directory, **all_settings) as process:
            process.wait_for("/readyz")
            yield EngineUnderTest(process, directory)
