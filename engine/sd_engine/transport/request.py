"""One adapter's request inside the engine, which its adapter may call off."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from typing import TypeVar

from sd_engine import wire
from sd_engine.errors import CalledOffError

Result = TypeVar("Result")
_CLOSED = -1


@dataclass(slots=True, eq=False)
class Call:
    """A `diarize` message. `memory_fd` holds the recording and belongs to the call, until it is forgotten."""

    number: int
    request_id: str
    asked: wire.Message
    memory_fd: int
    arrived: float = field(default_factory=time.monotonic)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _called_off: bool = False
    _awaited: Future[object] | None = None

    def forget_recording(self) -> None:
        """Gives its memory back: once it is decoded nobody needs it. A second time does nothing."""
        with self._lock:
            memory_fd, self.memory_fd = self.memory_fd, _CLOSED
        if memory_fd != _CLOSED:
            os.close(memory_fd)

    def call_off(self) -> None:
        """Nobody waits any more: what the call waits for is dropped, where it can be (pyannote's own call cannot)."""
        with self._lock:
            self._called_off = True
            if self._awaited is not None:
                self._awaited.cancel()

    def check(self) -> None:
        """Raises CalledOffError if nobody waits any more."""
        if self._called_off:
            raise CalledOffError("The caller has cancelled this request.")

    def result_of(self, future: Future[Result]) -> Result:
        """Waits for `future`.

        Raises:
            CalledOffError: the call was called off before the future's work was done.
        """
        with self._lock:
            self._awaited = future  # pyright: ignore[reportAttributeAccessIssue] - only ever cancelled through this
            if self._called_off:
                future.cancel()
        try:
            return future.result()
        except CancelledError:
            self.check()
            raise
        finally:
            with self._lock:
                self._awaited = None  # what came of it, megabytes, goes when its owner lets it go
