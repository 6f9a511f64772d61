"""One connection to the engine, for as long as it lasts: many calls at once, each answered exactly once."""

from __future__ import annotations

import itertools
import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any

import wire
from refusal import Refusal

ABSENT = "The engine is restarting; nothing was lost, please try again in a few seconds."
LOST = "The engine ended while it worked on this request; please try again in a few seconds."
CANCEL_POLL_S = 0.25


class Connection:
    """A connected socket and the calls that wait for an answer through it.

    Raises:
        OSError: nobody listens at `socket_path`.
    """

    def __init__(self, socket_path: str, adapter: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._numbers = itertools.count(1)
        self._waiting: dict[int, Future[bytes]] = {}
        self._lost = False
        self._lock = threading.Lock()
        try:
            self._socket.connect(socket_path)
            wire.send(self._socket, {"type": "hello", "adapter": adapter})
        except OSError:
            self._socket.close()
            raise

    def start(self, request_id: str, asked: dict[str, Any], recording_fd: int) -> Call:
        """Hands a recording over; the memfd stays the caller's to close.

        Raises:
            Refusal: the engine has gone.
        """
        with self._lock:
            number = next(self._numbers)
            self._send({"type": "diarize", "call": number, "request_id": request_id, "asked": asked}, recording_fd)
            answer = self._waiting[number] = Future()
        return Call(self, number, answer)

    def cancel(self, number: int) -> None:
        """Tells the engine that nobody waits for this call any more; it still answers it."""
        with self._lock:
            if number in self._waiting:
                self._send({"type": "cancel", "call": number})

    def receive_until_lost(self) -> None:
        """Hands each answer to the call that waits for it; whatever ends that, all that still wait are refused.

        Raises:
            OSError: the engine has gone, or an answer could not be taken.
        """
        try:
            while True:
                self._hand_over(*wire.receive(self._socket))
        finally:
            self._refuse_the_waiting()

    def close(self) -> None:
        """Ends the connection from this side, which ends `receive_until_lost` too."""
        with self._lock:
            if not self._lost:
                self._socket.shutdown(socket.SHUT_RDWR)

    def _send(self, message: wire.Message, memory_fd: int | None = None) -> None:
        if self._lost:
            raise Refusal(wire.UNAVAILABLE, ABSENT)
        try:
            wire.send(self._socket, message, memory_fd)
        except wire.ConnectionLostError as error:
            raise Refusal(wire.UNAVAILABLE, ABSENT) from error

    def _hand_over(self, message: wire.Message, timeline_fd: int | None) -> None:
        with self._lock:
            answer = self._waiting.pop(message["call"])
        if timeline_fd is None:
            answer.set_exception(Refusal(message["kind"], message["sentence"]))
        else:
            answer.set_result(_taken(timeline_fd))

    def _refuse_the_waiting(self) -> None:
        with self._lock:
            self._lost = True
            self._socket.close()
            waiting, self._waiting = self._waiting, {}
        for answer in waiting.values():
            answer.set_exception(Refusal(wire.UNAVAILABLE, LOST))


class Call:
    """A recording that the engine has and this side waits for."""

    def __init__(self, connection: Connection, number: int, answer: Future[bytes]) -> None:
        self._connection = connection
        self._number = number
        self._answer = answer

    def timeline(self, is_cancelled: Callable[[], bool]) -> bytes:
        """Waits for the timeline, as JSON; as soon as `is_cancelled` says so, tells the engine, once.

        Raises:
            Refusal: the engine's, or the engine has gone.
        """
        while not self._answered_soon():
            if is_cancelled():
                self._connection.cancel(self._number)
                break
        return self._answer.result()

    def _answered_soon(self) -> bool:
        return bool(wait([self._answer], timeout=CANCEL_POLL_S).done)


def _taken(memory_fd: int) -> bytes:
    try:
        return wire.read_memory(memory_fd)
    finally:
        os.close(memory_fd)
