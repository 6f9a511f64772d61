"""Things that several threads take in turns: first come, first served."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


class Turns(Generic[Thing]):
    """What is free, and who waits for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._free: deque[Thing] = deque()
        self._waiting: deque[Future[Thing]] = deque()
        self._closed: Exception | None = None

    def take(self) -> Thing:
        """Waits for its turn. Raises what `close` was given."""
        turn: Future[Thing] = Future()
        with self._lock:
            if self._closed is not None:
                raise self._closed
            if self._free:
                return self._free.popleft()
            self._waiting.append(turn)
        return turn.result()

    def give(self, thing: Thing) -> bool:
        """To who has waited longest, or to nobody yet; False = nobody will come any more."""
        with self._lock:
            if self._closed is not None:
                return False
            if self._waiting:
                self._waiting.popleft().set_result(thing)
            else:
                self._free.append(thing)
            return True

    def close(self, error: Exception) -> list[Thing]:
        """Raises `error` in all that wait or come; returns what was free."""
        with self._lock:
            self._closed = error
            waiting, self._waiting = self._waiting, deque()
            free, self._free = list(self._free), deque()
        for turn in waiting:
            turn.set_exception(error)
        return free
