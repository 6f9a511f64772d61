"""Who may come in: every request in flight, its share of the allowed audio, and since when there has been none."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from sd_engine.errors import InvalidArgumentError, UnavailableError

MEBIBYTE = 1024 * 1024


class Admission:
    """Counts the requests in flight and the seconds of audio that they hold. Refuses at once, never waits."""

    def __init__(
        self, *, max_request_bytes: int, max_queued_audio_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._max_request_bytes = max_request_bytes
        self._max_queued_audio_s = max_queued_audio_s
        self._clock = clock
        self._lock = threading.Lock()
        self._audio_s: dict[Ticket, float] = {}
        self._idle_since = clock()

    def admit(self, size_bytes: int) -> Ticket:
        """Lets a recording of `size_bytes` in; it stays in flight until its ticket is closed.

        Raises:
            InvalidArgumentError: the recording is larger than allowed.
        """
        if size_bytes > self._max_request_bytes:
            raise InvalidArgumentError(
                f"The recording is {size_bytes / MEBIBYTE:.1f} MiB large; allowed are "
                f"{self._max_request_bytes / MEBIBYTE:.1f} MiB (maxRequestBytes). Send it as FLAC or Opus, or in parts."
            )
        with self._lock:
            ticket = Ticket(self)
            self._audio_s[ticket] = 0.0
            return ticket

    def reserve(self, ticket: Ticket, audio_s: float) -> None:
        """Gives `ticket` room for `audio_s`, instead of what it had. A request that is alone always finds room.

        Raises:
            UnavailableError: the others hold too much.
        """
        with self._lock:
            others_s = sum(self._audio_s.values()) - self._audio_s[ticket]
            if others_s > 0 and others_s + audio_s > self._max_queued_audio_s:
                raise UnavailableError(
                    f"The engine is full: {others_s:.0f} s of audio are waiting, and {audio_s:.0f} s more would exceed "
                    f"the allowed {self._max_queued_audio_s:.0f} s (maxQueuedAudio). Try again later."
                )
            self._audio_s[ticket] = audio_s

    def release(self, ticket: Ticket) -> None:
        with self._lock:
            del self._audio_s[ticket]
            if not self._audio_s:
                self._idle_since = self._clock()

    def requests(self) -> int:
        """How many requests are in flight."""
        with self._lock:
            return len(self._audio_s)

    def audio_s(self) -> float:
        """How much audio the requests in flight hold."""
        with self._lock:
            return sum(self._audio_s.values())

    def idle_s(self) -> float:
        """For how long nothing has been in flight; 0 while something is."""
        with self._lock:
            return 0.0 if self._audio_s else self._clock() - self._idle_since


class Ticket:
    """One request's stay in the engine, as a context."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission

    def reserve(self, audio_s: float) -> None:
        """As `Admission.reserve`."""
        self._admission.reserve(self, audio_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._admission.release(self)
