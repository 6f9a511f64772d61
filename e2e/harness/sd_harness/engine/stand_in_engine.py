"""A fake engine that speaks the protocol of `sd_engine.wire` and follows instructions in place of a recording.

A recording holds the instructions as JSON: `{"duration_s": 1.5}` (respond after this time, or when cancelled),
`{"error": [CODE, MESSAGE]}`. What follows a zero byte is ignored. The timeline echoes the request:
`{"request_id", "options", "instructions", "adapter"}`.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from sd_engine import wire


class StandInEngine:
    """Listens at a socket from `start` until `stop`; records the requests, recordings and cancellations it receives."""

    def __init__(self, socket_path: Path) -> None:
        self.socket_path = socket_path
        self.connections: dict[str, socket.socket] = {}
        self.requests: list[wire.Message] = []
        self.recordings: list[bytes] = []
        self.cancelled_after_s: list[float] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen; also again after `stop`."""
        self.socket_path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(str(self.socket_path))
        self._listener.listen()
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()

    def stop(self) -> None:
        """Close all connections at the same time, as the kernel does for a killed engine."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        self._listener.close()
        for connection in list(self.connections.values()):
            connection.shutdown(socket.SHUT_RDWR)
        eventually(lambda: not self.connections)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            adapter = wire.receive(connection)[0]["adapter"]
        except wire.ConnectionLostError:
            connection.close()
            return
        self.connections[adapter] = connection
        try:
            self._receive_requests(connection, adapter)
        except wire.ConnectionLostError:
            del self.connections[adapter]
            connection.close()

    def _receive_requests(self, connection: socket.socket, adapter: str) -> None:
        cancellations: dict[int, threading.Event] = {}
        while True:
            message, recording_fd = wire.receive(connection)
            if recording_fd is None:
                cancellations[message["number"]].set()
                continue
            self.recordings.append(_read_and_close(recording_fd))
            self.requests.append(message)
            cancelled = cancellations[message["number"]] = threading.Event()
            echo = {name: message[name] for name in ("request_id", "options")}
            echo |= {"instructions": _instructions(self.recordings[-1]), "adapter": adapter}
            threading.Thread(target=self._respond, args=[connection, message["number"], echo, cancelled]).start()

    def _respond(
        self, connection: socket.socket, number: int, echo: dict[str, Any], cancelled: threading.Event
    ) -> None:
        started = time.monotonic()
        if cancelled.wait(echo["instructions"].get("duration_s", 0)):
            self.cancelled_after_s.append(time.monotonic() - started)
        try:
            if error := echo["instructions"].get("error"):
                wire.send(connection, {"type": "error", "number": number, "code": error[0], "message": error[1]})
            else:
                timeline_fd = wire.write_memory("timeline", json.dumps(echo).encode())
                try:
                    wire.send(connection, {"type": "result", "number": number}, timeline_fd)
                finally:
                    os.close(timeline_fd)
        except OSError:
            return  # the engine was stopped in between


def instructions(**fields: Any) -> bytes:
    """Return a recording for the fake engine."""
    return json.dumps(fields).encode()


def _instructions(recording: bytes) -> dict[str, Any]:
    return json.loads(recording.partition(b"\0")[0])


def eventually(condition: Callable[[], object], timeout_s: float = 10) -> None:
    """Wait until `condition()` is true.

    Raises:
        AssertionError: it was not true in time.
    """
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"the condition was not true within {timeout_s} s"
        time.sleep(0.02)


def _read_and_close(memory_fd: int) -> bytes:
    content = wire.read_memory(memory_fd)
    os.close(memory_fd)
    return content
