"""A pool of items that threads acquire and release, first come, first served."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future
from typing import Generic, TypeVar

Item = TypeVar("Item")


class FifoPool(Generic[Item]):
    """The free items and the queue of threads that wait for one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._free: deque[Item] = deque()
        self._waiters: deque[Future[Item]] = deque()
        self._close_error: Exception | None = None

    def acquire(self) -> Item:
        """Return a free item; block until there is one. Raises the error that was passed to `close`."""
        waiter: Future[Item] = Future()
        with self._lock:
            if self._close_error is not None:
                raise self._close_error
            if self._free:
                return self._free.popleft()
            self._waiters.append(waiter)
        return waiter.result()

    def release(self, item: Item) -> bool:
        """Pass `item` to the thread that has waited longest, else keep it. Return False if the pool is closed."""
        with self._lock:
            if self._close_error is not None:
                return False
            if self._waiters:
                self._waiters.popleft().set_result(item)
            else:
                self._free.append(item)
            return True

    def close(self, error: Exception) -> list[Item]:
        """Make all present and future calls of `acquire` raise `error`; return the items that were free."""
        with self._lock:
            self._close_error = error
            waiters, self._waiters = self._waiters, deque()
            free, self._free = list(self._free), deque()
        for waiter in waiters:
            waiter.set_exception(error)
        return free
