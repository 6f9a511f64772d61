"""Who may come in: every request in flight, its share of the allowed bytes and audio, and since when there is none."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from sd_engine.errors import InvalidArgumentError, UnavailableError

MEBIBYTE = 1024 * 1024


class Admission:
    """Counts the requests in flight, their bytes and the seconds of audio in them. Refuses at once, never waits.

    A request that is alone always finds room.
    """

    def __init__(
        self,
        *,
        max_request_bytes: int,
        max_queued_audio_s: float,
        max_requests: int = 256,
        max_queued_bytes: int = 512 * MEBIBYTE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_request_bytes = max_request_bytes
        self._max_requests = max_requests
        self._max_queued_bytes = max_queued_bytes
        self._max_queued_audio_s = max_queued_audio_s
        self._clock = clock
        self._lock = threading.Lock()
        self._tickets: set[Ticket] = set()
        self._idle_since = clock()

    def admit(self, size_bytes: int) -> Ticket:
        """Lets a recording of `size_bytes` in; it stays in flight until its ticket is closed.

        Raises:
            InvalidArgumentError: the recording is larger than allowed.
            UnavailableError: there are too many others, or they hold too much.
        """
        if size_bytes > self._max_request_bytes:
            raise InvalidArgumentError(
                f"The recording is {size_bytes / MEBIBYTE:.1f} MiB large; allowed are "
                f"{self._max_request_bytes / MEBIBYTE:.1f} MiB (maxRequestBytes). Send it as FLAC or Opus, or in parts."
            )
        with self._lock:
            if self._tickets and (obstacle := self._obstacle(size_bytes)):
                raise _full(obstacle)
            ticket = Ticket(self, size_bytes)
            self._tickets.add(ticket)
            return ticket

    def reserve(self, ticket: Ticket, audio_s: float) -> None:
        """Gives `ticket` room for `audio_s`, instead of what it had.

        Raises:
            UnavailableError: the others hold too much.
        """
        with self._lock:
            others_s = self._audio_s() - ticket.audio_s
            if others_s > 0 and others_s + audio_s > self._max_queued_audio_s:
                raise _full(
                    f"{others_s:.0f} s of audio are waiting, and {audio_s:.0f} s more would exceed "
                    f"the allowed {self._max_queued_audio_s:.0f} s (maxQueuedAudio)"
                )
            ticket.audio_s = audio_s

    def release(self, ticket: Ticket) -> None:
        with self._lock:
            self._tickets.remove(ticket)
            if not self._tickets:
                self._idle_since = self._clock()

    def requests(self) -> int:
        """How many requests are in flight."""
        with self._lock:
            return len(self._tickets)

    def bytes(self) -> int:
        """How large their recordings are."""
        with self._lock:
            return self._bytes()

    def audio_s(self) -> float:
        """How much audio they hold, as far as it is known."""
        with self._lock:
            return self._audio_s()

    def ahead_s(self) -> float:
        """How much audio is still on its way to the device."""
        with self._lock:
            return sum(ticket.audio_s for ticket in self._tickets if not ticket.on_device)

    def idle_s(self) -> float:
        """For how long nothing has been in flight; 0 while something is."""
        with self._lock:
            return 0.0 if self._tickets else self._clock() - self._idle_since

    def _obstacle(self, size_bytes: int) -> str | None:
        """What is full already, before anything is known of a recording but its size."""
        if len(self._tickets) >= self._max_requests:
            return f"{len(self._tickets)} requests are in flight, and no more are allowed (adapters x maxBatchSize)"
        if self._bytes() + size_bytes > self._max_queued_bytes:
            return (
                f"recordings of {self._bytes() / MEBIBYTE:.1f} MiB are waiting, and {size_bytes / MEBIBYTE:.1f} MiB "
                f"more would exceed the allowed {self._max_queued_bytes / MEBIBYTE:.1f} MiB (maxQueuedBytes)"
            )
        if self._audio_s() >= self._max_queued_audio_s:
            return f"{self._audio_s():.0f} s of audio are waiting, and no more are allowed (maxQueuedAudio)"
        return None

    def _bytes(self) -> int:
        return sum(ticket.size_bytes for ticket in self._tickets)

    def _audio_s(self) -> float:
        return sum(ticket.audio_s for ticket in self._tickets)


def _full(obstacle: str) -> UnavailableError:
    return UnavailableError(f"The engine is full: {obstacle}. Try again later, or give the service more replicas.")


class Ticket:
    """One request's stay in the engine, as a context."""

    def __init__(self, admission: Admission, size_bytes: int) -> None:
        self._admission = admission
        self.size_bytes = size_bytes
        self.audio_s = 0.0
        self.on_device = False
        """Whether the device knows of it."""

    def reserve(self, audio_s: float) -> None:
        """As `Admission.reserve`."""
        self._admission.reserve(self, audio_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._admission.release(self)
