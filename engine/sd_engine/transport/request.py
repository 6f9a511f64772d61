"""A diarization request that an adapter has sent and may cancel."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from typing import TypeVar

from sd_engine import wire
from sd_engine.errors import RequestCancelledError

Result = TypeVar("Result")
_CLOSED = -1


@dataclass(slots=True, eq=False)
class Request:
    """A `diarize` message. The request owns `memory_fd`, which holds the recording, until `close_recording`."""

    number: int
    request_id: str
    options: wire.Message
    memory_fd: int
    arrived: float = field(default_factory=time.monotonic)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _cancelled: bool = False
    _awaited: Future[object] | None = None

    def close_recording(self) -> None:
        """Free the recording's memory, which is not needed after decoding. Further calls do nothing."""
        with self._lock:
            memory_fd, self.memory_fd = self.memory_fd, _CLOSED
        if memory_fd != _CLOSED:
            os.close(memory_fd)

    def cancel(self) -> None:
        """Cancel the request and the work it waits for. Work that has started cannot always be stopped."""
        with self._lock:
            self._cancelled = True
            if self._awaited is not None:
                self._awaited.cancel()

    def raise_if_cancelled(self) -> None:
        """Raise RequestCancelledError if the request has been cancelled."""
        if self._cancelled:
            raise RequestCancelledError("The caller has cancelled this request.")

    def wait_for(self, future: Future[Result]) -> Result:
        """Wait for `future` and return its result.

        Raises:
            RequestCancelledError: the request was cancelled before the future was done.
        """
        with self._lock:
            self._awaited = future  # pyright: ignore[reportAttributeAccessIssue] - only `cancel` is called on it
            if self._cancelled:
                future.cancel()
        try:
            return future.result()
        except CancelledError:
            self.raise_if_cancelled()
            raise
        finally:
            with self._lock:
                self._awaited = None  # the result can take megabytes and must not live as long as the request
