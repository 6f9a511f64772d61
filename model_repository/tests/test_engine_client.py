"""The adapter's client of the engine: concurrent requests, cancellation, and an engine that restarts."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import wire
from engine_client import EngineClient
from engine_connection import LOST, UNREACHABLE, PendingRequest
from request_error import RequestError
from sd_harness.engine.stand_in_engine import StandInEngine, eventually, instructions


@pytest.fixture
def client(engine: StandInEngine) -> Iterator[EngineClient]:
    client = EngineClient(str(engine.socket_path), "speaker_diarization_0_3")
    eventually(lambda: engine.connections and client._connection)
    yield client
    client.close()


def send(client: EngineClient, recording: bytes, options: dict[str, Any] | None = None) -> PendingRequest:
    recording_fd = wire.write_memory("recording", recording)
    try:
        return client.send_request("request-1", options or {}, recording_fd)
    finally:
        os.close(recording_fd)


def never() -> bool:
    return False


def error(client: EngineClient) -> str:
    """Return the message with which a short request fails, empty if it succeeds."""
    try:
        send(client, instructions()).wait(never)
    except RequestError as failure:
        return str(failure)
    return ""


def open_file_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_the_engine_receives_the_request_and_its_response_is_returned(client: EngineClient) -> None:
    options = {"num_speakers": "2", "parameters": {"include": "exclusive"}}
    timeline = json.loads(send(client, instructions(duration_s=0), options).wait(never))
    assert timeline == {
        "request_id": "request-1",
        "options": options,
        "instructions": {"duration_s": 0},
        "adapter": "speaker_diarization_0_3",
    }


def test_an_error_of_the_engine_is_raised_with_its_code_and_message(client: EngineClient) -> None:
    with pytest.raises(RequestError) as raised:
        send(client, instructions(error=[wire.INVALID_ARGUMENT, "This is not a recording."])).wait(never)
    assert (raised.value.code, str(raised.value)) == (wire.INVALID_ARGUMENT, "This is not a recording.")


def test_a_short_request_overtakes_a_long_one_on_the_same_connection(
    client: EngineClient, engine: StandInEngine
) -> None:
    long, short = send(client, instructions(duration_s=3)), send(client, instructions(duration_s=0))
    before = time.monotonic()
    short.wait(never)
    assert time.monotonic() - before < 2.5
    assert json.loads(long.wait(never))["instructions"] == {"duration_s": 3}
    assert [request["number"] for request in engine.requests] == [1, 2]


def test_a_cancellation_reaches_the_engine_once_and_soon(client: EngineClient, engine: StandInEngine) -> None:
    send(client, instructions(duration_s=5)).wait(is_cancelled=lambda: True)
    assert len(engine.cancelled_after_s) == 1
    assert engine.cancelled_after_s[0] < 4


def test_requests_in_flight_fail_when_the_engine_ends(client: EngineClient, engine: StandInEngine) -> None:
    requests = [send(client, instructions(duration_s=5)) for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        responses = [threads.submit(request.wait, never) for request in requests]
        eventually(lambda: len(engine.requests) == 8)
        engine.stop()
        errors = [response.exception(timeout=4) for response in responses]
    engine.start()
    assert [(type(each), str(each), getattr(each, "code", "")) for each in errors] == [
        (RequestError, LOST, wire.UNAVAILABLE)
    ] * 8


def test_without_an_engine_a_request_fails_immediately_and_succeeds_after_the_engine_has_returned(
    client: EngineClient, engine: StandInEngine
) -> None:
    engine.stop()
    eventually(lambda: error(client))
    before = time.monotonic()
    assert error(client) == UNREACHABLE
    assert time.monotonic() - before < 4
    engine.start()
    eventually(lambda: not error(client))


def test_an_engine_that_starts_later_is_connected(tmp_path: Path) -> None:
    client = EngineClient(str(tmp_path / "engine.sock"), "speaker_diarization_0_0")
    assert error(client) == UNREACHABLE
    with StandInEngine(tmp_path / "engine.sock") as engine:
        eventually(lambda: engine.connections)
        eventually(lambda: not error(client))
        client.close()


def test_options_that_are_too_long_for_a_message_are_rejected_and_the_connection_stays(client: EngineClient) -> None:
    with pytest.raises(RequestError, match=r"NUM_SPEAKERS or the request's parameters are too long: ") as raised:
        send(client, instructions(), {"num_speakers": "9" * wire.MAX_PACKET_BYTES, "parameters": {}})
    assert raised.value.code == wire.INVALID_ARGUMENT
    assert error(client) == ""


def test_a_client_that_is_closed_while_it_connects_ends(tmp_path: Path) -> None:
    """The kernel blocks a connect while the listen backlog is full."""
    path = str(tmp_path / "engine.sock")
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener,
        socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as first,
    ):
        listener.bind(path)
        listener.listen(0)
        first.connect(path)
        client = EngineClient(path, "speaker_diarization_0_0")
        time.sleep(0.2)  # until it connects
        closing = threading.Thread(target=client.close, daemon=True)
        closing.start()
        time.sleep(0.2)  # until `close` waits for the thread
        assert closing.is_alive()
        accepted = [listener.accept()[0] for _ in range(2)]
        closing.join(10)
        assert not closing.is_alive()
        for connection in accepted:
            connection.close()


def test_no_file_descriptor_is_leaked(client: EngineClient) -> None:
    before = open_file_descriptors()
    for _ in range(50):
        send(client, instructions()).wait(never)
    eventually(lambda: open_file_descriptors() == before)
