"""Triton in front of the measured engine, and HTTP requests to it."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sd_harness.engine.stand_in_engine import eventually
from sd_harness.engine.triton_process import Triton, installed_triton

from benchmarks.engine.under_test import EngineUnderTest, engine

ADAPTERS = 16
PATH = "/v2/models/speaker_diarization/infer"
Inputs = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Served:
    """A ready engine and its Triton."""

    engine: EngineUnderTest
    triton: Triton

    @property
    def triton_id(self) -> int:
        return self.triton.process_id()

    def connection(self, timeout_s: float) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.triton.url(), timeout=timeout_s)


@contextmanager
def served(mode: str, model: Path | None = None, **settings: object) -> Iterator[Served]:
    """Start an engine and Triton and wait until all adapters are connected."""
    with (
        TemporaryDirectory(prefix="sd-") as folder,
        engine(mode, model, Path(folder), **settings) as under_test,
        Triton(Path(folder), installed_triton(), ADAPTERS) as triton,
    ):
        eventually(lambda: under_test.metric("sd_adapters_connected") == ADAPTERS, timeout_s=60)
        yield Served(under_test, triton)


def infer(connection: http.client.HTTPConnection, recording: bytes) -> tuple[int, Any]:
    """Send a recording; return the status, and the response document or the error message."""
    audio = {"name": "AUDIO_DATA", "shape": [1, 1], "datatype": "BYTES", "data": [base64.b64encode(recording).decode()]}
    connection.request("POST", PATH, json.dumps({"inputs": [audio]}), {"Content-Type": "application/json"})
    response = connection.getresponse()
    content = response.read()
    if response.status == http.client.OK:
        return response.status, json.loads(json.loads(content)["outputs"][0]["data"][0])
    return response.status, json.loads(content)["error"]
