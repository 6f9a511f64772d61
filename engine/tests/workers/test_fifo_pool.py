"""Items are handed out first come, first served, and closing the pool unblocks all threads."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from sd_engine.errors import UnavailableError
from sd_engine.workers.fifo_pool import FifoPool

CLOSED = UnavailableError("closed")


def waiting_threads(threads: ThreadPoolExecutor, pool: FifoPool[str], count: int) -> list[Future[str]]:
    """Start `count` calls of `acquire`, each after the previous one waits."""
    calls: list[Future[str]] = []
    for number in range(1, count + 1):
        calls.append(threads.submit(pool.acquire))
        while len(pool._waiters) < number:
            time.sleep(0.001)
    return calls


def test_free_items_are_acquired_in_the_order_of_their_release() -> None:
    pool = FifoPool[str]()
    released = [pool.release(item) for item in ("first", "second")]

    assert released == [True, True]
    assert [pool.acquire(), pool.acquire()] == ["first", "second"]


def test_waiting_threads_get_items_in_the_order_of_their_calls() -> None:
    pool = FifoPool[str]()
    with ThreadPoolExecutor(3) as threads:
        calls = waiting_threads(threads, pool, 3)
        for item in ("first", "second", "third"):
            pool.release(item)

        assert [call.result(timeout=10) for call in calls] == ["first", "second", "third"]


def test_closing_returns_the_free_items_and_rejects_later_calls() -> None:
    pool = FifoPool[str]()
    pool.release("free")

    assert pool.close(CLOSED) == ["free"]
    assert pool.release("late") is False
    with pytest.raises(UnavailableError, match="closed"):
        pool.acquire()


def test_closing_raises_its_error_in_waiting_threads() -> None:
    pool = FifoPool[str]()
    with ThreadPoolExecutor(2) as threads:
        calls = waiting_threads(threads, pool, 2)

        assert pool.close(CLOSED) == []
        assert [call.exception(timeout=10) for call in calls] == [CLOSED, CLOSED]
