"""Admission control: the requests in flight, and the limits on their number, size and audio."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from sd_engine import wire
from sd_engine.errors import InvalidArgumentError, UnavailableError

MEBIBYTE = 1024 * 1024


class AdmissionController:
    """Counts the requests in flight, their bytes and their seconds of audio; rejects without waiting.

    A request is always admitted if no other one is in flight.
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
        self._admitted: set[AdmittedRequest] = set()
        self._idle_since = clock()

    def admit(self, size_bytes: int) -> AdmittedRequest:
        """Admit a request whose recording has `size_bytes`; it is in flight until its context ends.

        Raises:
            InvalidArgumentError: the recording is larger than allowed.
            UnavailableError: the requests in flight have reached a limit.
        """
        if size_bytes > self._max_request_bytes:
            raise InvalidArgumentError(wire.recording_too_large(size_bytes, self._max_request_bytes))
        with self._lock:
            if self._admitted and (limit := self._reached_limit(size_bytes)):
                raise _full(limit)
            request = AdmittedRequest(self, size_bytes)
            self._admitted.add(request)
            return request

    def reserve(self, request: AdmittedRequest, audio_s: float) -> None:
        """Set the audio of a request, in place of what it reserved before.

        Raises:
            UnavailableError: together with the other requests in flight it exceeds the limit.
        """
        with self._lock:
            others_s = self._audio_s() - request.audio_s
            if others_s > 0 and others_s + audio_s > self._max_queued_audio_s:
                raise _full(
                    f"{others_s:.0f} s of audio are waiting, and {audio_s:.0f} s more would exceed "
                    f"the allowed {self._max_queued_audio_s:.0f} s (maxQueuedAudio)"
                )
            request.audio_s = audio_s

    def release(self, request: AdmittedRequest) -> None:
        """End a request."""
        with self._lock:
            self._admitted.remove(request)
            if not self._admitted:
                self._idle_since = self._clock()

    def in_flight(self) -> int:
        """Return the number of requests in flight."""
        with self._lock:
            return len(self._admitted)

    def size_bytes(self) -> int:
        """Return the size of the recordings in flight."""
        with self._lock:
            return self._size_bytes()

    def audio_s(self) -> float:
        """Return the audio of the requests in flight, as far as it has been measured."""
        with self._lock:
            return self._audio_s()

    def undecoded_audio_s(self) -> float:
        """Return the audio of the requests that have not been submitted to the device yet."""
        with self._lock:
            return sum(request.audio_s for request in self._admitted if not request.is_on_device)

    def idle_s(self) -> float:
        """Return for how long no request has been in flight; 0 while there is one."""
        with self._lock:
            return 0.0 if self._admitted else self._clock() - self._idle_since

    def _reached_limit(self, size_bytes: int) -> str | None:
        """Return the limit that a new request of `size_bytes` exceeds, if any; its duration is not known yet."""
        if len(self._admitted) >= self._max_requests:
            return f"{len(self._admitted)} requests are in flight, and no more are allowed (adapters x maxBatchSize)"
        if self._size_bytes() + size_bytes > self._max_queued_bytes:
            return (
                f"recordings of {self._size_bytes() / MEBIBYTE:.1f} MiB are waiting, and {size_bytes / MEBIBYTE:.1f} "
                f"MiB more would exceed the allowed {self._max_queued_bytes / MEBIBYTE:.1f} MiB (maxQueuedBytes)"
            )
        if self._audio_s() >= self._max_queued_audio_s:
            return f"{self._audio_s():.0f} s of audio are waiting, and no more are allowed (maxQueuedAudio)"
        return None

    def _size_bytes(self) -> int:
        return sum(request.size_bytes for request in self._admitted)

    def _audio_s(self) -> float:
        return sum(request.audio_s for request in self._admitted)


class AdmittedRequest:
    """A request in flight, as a context that ends with it."""

    def __init__(self, admission: AdmissionController, size_bytes: int) -> None:
        self._admission = admission
        self.size_bytes = size_bytes
        self.audio_s = 0.0
        self.is_on_device = False
        """True once the decoded recording has been submitted to the device."""

    def reserve(self, audio_s: float) -> None:
        """Reserve `audio_s`, as `AdmissionController.reserve`."""
        self._admission.reserve(self, audio_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._admission.release(self)


def _full(limit: str) -> UnavailableError:
    return UnavailableError(f"The engine is full: {limit}. Try again later, or give the service more replicas.")
