"""A request's cancellation and its recording."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from sd_engine import wire
from sd_engine.errors import RequestCancelledError
from sd_engine.transport.request import Request


@pytest.fixture
def request_() -> Iterator[Request]:
    request = Request(1, "a-test", {}, wire.write_memory("recording", b"RIFF"))
    yield request
    request.close_recording()


def test_the_recording_is_closed_once(request_: Request) -> None:
    memory_fd = request_.memory_fd
    request_.close_recording()
    assert not Path(f"/proc/self/fd/{memory_fd}").exists()

    reused_fd = os.open("/dev/null", os.O_RDONLY)
    request_.close_recording()
    assert Path(f"/proc/self/fd/{reused_fd}").exists()
    os.close(reused_fd)


def test_the_result_of_a_future_is_returned(request_: Request) -> None:
    future: Future[int] = Future()
    future.set_result(7)
    assert request_.wait_for(future) == 7


def test_a_cancellation_ends_a_wait_that_has_begun(request_: Request) -> None:
    future: Future[int] = Future()
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(request_.wait_for, future)
        while request_._awaited is None:
            pass
        request_.cancel()
        with pytest.raises(RequestCancelledError, match="The caller has cancelled this request"):
            waiting.result(10)
    assert future.cancelled()


def test_a_cancelled_request_waits_for_nothing(request_: Request) -> None:
    future: Future[int] = Future()
    request_.cancel()
    with pytest.raises(RequestCancelledError):
        request_.wait_for(future)
    with pytest.raises(RequestCancelledError):
        request_.raise_if_cancelled()
    assert future.cancelled()


def test_work_that_somebody_else_cancels_is_not_a_cancelled_request(request_: Request) -> None:
    future: Future[int] = Future()
    future.cancel()
    with pytest.raises(CancelledError):
        request_.wait_for(future)
    request_.raise_if_cancelled()
