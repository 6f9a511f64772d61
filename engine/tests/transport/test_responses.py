"""Responses: what an adapter receives for each result, and which outcome is counted."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest
from sd_engine import wire
from sd_engine.errors import InvalidArgumentError, RequestCancelledError, UnavailableError
from sd_engine.transport.request import Request
from sd_engine.transport.responses import ResponseSender


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    engine, adapter = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with engine, adapter:
        yield engine, adapter


def result(outcome: bytes | Exception) -> Future[bytes]:
    future: Future[bytes] = Future()
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
    return future


def request_() -> Request:
    return Request(7, "a-test", {}, wire.write_memory("recording", b"RIFF"))


def open_recordings() -> int:
    """Return how many recordings this process holds open."""
    return sum("memfd:recording" in str(path.readlink()) for path in Path("/proc/self/fd").iterdir() if path.exists())


def test_a_timeline_is_sent_as_a_memfd(pair: tuple[socket.socket, socket.socket]) -> None:
    engine, adapter = pair
    outcomes: list[str] = []
    before = open_recordings()
    ResponseSender(outcomes.append).send(request_(), result(b"{}"), engine)

    assert open_recordings() == before
    message, timeline_fd = wire.receive(adapter)
    assert message == {"type": "result", "number": 7}
    assert timeline_fd is not None
    assert wire.read_memory(timeline_fd) == b"{}"
    os.close(timeline_fd)
    assert outcomes == ["ok"]


@pytest.mark.parametrize(
    ("error", "code", "message", "outcome"),
    [
        (InvalidArgumentError("Too long."), "invalid_argument", "Too long.", "invalid_argument"),
        (UnavailableError("Full."), "unavailable", "Full.", "unavailable"),
        (RequestCancelledError("Cancelled."), "unavailable", "Cancelled.", "cancelled"),
        (
            ValueError("secret"),
            "internal",
            "The engine failed on this recording (ValueError); see the engine's log.",
            "internal",
        ),
    ],
)
def test_an_error_is_sent_with_its_code(
    pair: tuple[socket.socket, socket.socket], error: Exception, code: str, message: str, outcome: str
) -> None:
    engine, adapter = pair
    outcomes: list[str] = []
    ResponseSender(outcomes.append).send(request_(), result(error), engine)

    assert wire.receive(adapter) == ({"type": "error", "number": 7, "code": code, "message": message}, None)
    assert outcomes == [outcome]


def test_a_response_to_an_adapter_that_has_disconnected_is_dropped(pair: tuple[socket.socket, socket.socket]) -> None:
    engine, adapter = pair
    outcomes: list[str] = []
    adapter.close()
    ResponseSender(outcomes.append).send(request_(), result(b"{}"), engine)

    assert outcomes == ["ok"]
