"""The health server: probes, drain, and its pages for people."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from conversation_recording import ConversationRecording
from prometheus_client import CollectorRegistry, Gauge
from sd_engine.serving.admission import AdmissionController
from sd_engine.serving.health import HealthServer
from sd_engine.serving.lifecycle import Lifecycle
from sd_engine.transport.adapter_liveness import AdapterLiveness
from sd_harness.engine.engine_process import Adapter, EngineProcess
from sd_harness.engine.recordings import sweep, wav


class Clock:
    """A clock that a test advances."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lifecycle() -> Lifecycle:
    return Lifecycle()


@pytest.fixture
def server(clock: Clock, lifecycle: Lifecycle) -> Iterator[HealthServer]:
    adapters = AdapterLiveness(2, clock)
    adapters.add("a")
    registry = CollectorRegistry()
    Gauge("sd_example", "An example.", registry=registry).set(7)
    admission = AdmissionController(max_request_bytes=1, max_queued_audio_s=1)
    with HealthServer(0, lifecycle=lifecycle, adapters=adapters, admission=admission, registry=registry) as server:
        yield server


def respond(server: HealthServer, path: str) -> tuple[int, str]:
    status, _, body = server.respond(path)
    return status, body.decode()


def test_readiness_follows_the_lifecycle(server: HealthServer, lifecycle: Lifecycle) -> None:
    assert respond(server, "/readyz") == (
        503,
        "The engine is starting and loads its model; try again in a few seconds.\n",
    )
    lifecycle.set_ready()
    assert respond(server, "/readyz") == (200, "The engine is ready.\n")
    lifecycle.begin_shutdown()
    assert respond(server, "/readyz")[0] == 503


def test_the_liveness_of_triton_follows_its_adapters(server: HealthServer, clock: Clock) -> None:
    assert respond(server, "/adapterz") == (200, "No adapter is missing.\n")
    clock.now_s += 10
    assert respond(server, "/adapterz") == (
        503,
        "Only 1 of 2 adapters have been connected for 10 s; Triton must be restarted.\n",
    )


def test_metrics_are_those_of_the_registry(server: HealthServer) -> None:
    status, content_type, body = server.respond("/metrics")

    assert (status, content_type.partition(";")[0]) == (200, "text/plain")
    assert b"sd_example 7.0" in body


def test_probes_succeed_while_a_request_runs(
    engine: EngineProcess, adapter: Adapter, conversation: ConversationRecording
) -> None:
    adapter.send(conversation.excerpt(20))
    while not engine.metric("sd_requests_in_flight"):
        time.sleep(0.005)
    probes = 0
    while engine.metric("sd_requests_in_flight"):
        assert engine.get("/readyz") == (200, "The engine is ready.\n")
        probes += 1
    adapter.receive()

    assert probes >= 3


def test_each_page_has_its_status_and_text(engine: EngineProcess) -> None:
    assert engine.get("/startupz") == (200, "The engine's socket is open.\n")
    assert engine.get("/adapterz") == (200, "No adapter is missing.\n")
    assert engine.get("/nothing") == (
        404,
        "There are: /startupz, /readyz, /adapterz, /drain, /metrics.\n",
    )


def test_a_drain_takes_five_seconds_and_leaves_the_engine_ready(engine: EngineProcess, adapter: Adapter) -> None:
    started = time.monotonic()
    status, text = engine.get("/drain")

    assert 5 <= time.monotonic() - started < 30
    assert (status, text.partition(",")[0]) == (200, "No request is in flight any more")
    assert adapter.diarize(wav(sweep(0.1)))["segments"] == []
