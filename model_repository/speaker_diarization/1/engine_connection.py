"""One connection to the engine: many requests at a time, one response each."""

from __future__ import annotations

import itertools
import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait

import wire
from request_error import RequestError, invalid_argument

UNREACHABLE = "The engine is restarting; nothing was lost, please try again in a few seconds."
LOST = "The engine ended while it worked on this request; please try again in a few seconds."
CANCEL_POLL_S = 0.25


class EngineConnection:
    """A connected socket and the requests that wait for a response through it.

    Raises:
        OSError: no engine listens at `socket_path`.
    """

    def __init__(self, socket_path: str, adapter: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._numbers = itertools.count(1)
        self._pending: dict[int, Future[bytes]] = {}
        self._is_lost = False
        self._lock = threading.Lock()
        try:
            self._socket.connect(socket_path)
            wire.send(self._socket, {"type": "hello", "adapter": adapter})
        except OSError:
            self._socket.close()
            raise

    def send_request(self, request_id: str, options: wire.Message, recording_fd: int) -> PendingRequest:
        """Send a recording to the engine; the caller closes `recording_fd`.

        Raises:
            RequestError: the engine is not connected any more, or the options are too long for a message.
        """
        with self._lock:
            number = next(self._numbers)
            message = {"type": "diarize", "number": number, "request_id": request_id, "options": options}
            self._send(message, recording_fd)
            response = self._pending[number] = Future()
        return PendingRequest(self, number, response)

    def cancel(self, number: int) -> None:
        """Cancel a request. The engine still sends a response to it."""
        with self._lock:
            if number in self._pending:
                self._send({"type": "cancel", "number": number})

    def receive_until_lost(self) -> None:
        """Receive responses until the connection ends, then fail the requests that have none.

        Raises:
            OSError: the engine closed the connection, or a response could not be received.
        """
        try:
            while True:
                self._complete(*wire.receive(self._socket))
        finally:
            self._fail_pending()

    def close(self) -> None:
        """Shut the connection down, which also ends `receive_until_lost`."""
        with self._lock:
            if not self._is_lost:
                self._socket.shutdown(socket.SHUT_RDWR)

    def _send(self, message: wire.Message, memory_fd: int | None = None) -> None:
        if self._is_lost:
            raise RequestError(wire.UNAVAILABLE, UNREACHABLE)
        try:
            wire.send(self._socket, message, memory_fd)
        except wire.ConnectionLostError as error:
            raise RequestError(wire.UNAVAILABLE, UNREACHABLE) from error
        except wire.MessageTooLongError as error:
            raise invalid_argument(f"NUM_SPEAKERS or the request's parameters are too long: {error}") from error

    def _complete(self, message: wire.Message, timeline_fd: int | None) -> None:
        with self._lock:
            response = self._pending.pop(message["number"])
        if timeline_fd is None:
            response.set_exception(RequestError(message["code"], message["message"]))
        else:
            response.set_result(_read_and_close(timeline_fd))

    def _fail_pending(self) -> None:
        with self._lock:
            self._is_lost = True
            self._socket.close()
            pending, self._pending = self._pending, {}
        for response in pending.values():
            response.set_exception(RequestError(wire.UNAVAILABLE, LOST))


class PendingRequest:
    """A request that has been sent to the engine."""

    def __init__(self, connection: EngineConnection, number: int, response: Future[bytes]) -> None:
        self._connection = connection
        self._number = number
        self._response = response

    def wait(self, is_cancelled: Callable[[], bool]) -> bytes:
        """Wait for the timeline and return it as JSON; cancel the request once `is_cancelled` returns True.

        Raises:
            RequestError: the engine responded with an error, or the connection was lost.
        """
        while not wait([self._response], timeout=CANCEL_POLL_S).done:
            if is_cancelled():
                self._connection.cancel(self._number)
                break
        return self._response.result()


def _read_and_close(memory_fd: int) -> bytes:
    try:
        return wire.read_memory(memory_fd)
    finally:
        os.close(memory_fd)
