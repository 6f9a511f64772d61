"""An engine at the edge: true to the wire, it hears orders instead of voices and answers with what it was told.

A recording is a JSON order: `{"work_s": 1.5}` (answer after so long, or at a cancel), `{"refuse": [KIND, SENTENCE]}`.
The timeline is an echo: `{"request_id", "asked", "order", "adapter"}`.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from pathlib import Path
from typing import Any, Self

from sd_engine import wire


class StandInEngine:
    """Listens at a socket until `stop`; `start` brings it back. Remembers the calls and cancels it was sent."""

    def __init__(self, socket_path: Path) -> None:
        self.socket_path = socket_path
        self.connections: dict[str, socket.socket] = {}
        self.calls: list[wire.Message] = []
        self.cancelled_after_s: list[float] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        self.socket_path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(str(self.socket_path))
        self._listener.listen()
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()

    def stop(self) -> None:
        """As a killed engine: every connection ends at once."""
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
        adapter = wire.receive(connection)[0]["adapter"]
        self.connections[adapter] = connection
        cancels: dict[int, threading.Event] = {}
        try:
            while True:
                message, recording_fd = wire.receive(connection)
                if recording_fd is None:
                    cancels[message["call"]].set()
                    continue
                self.calls.append(message)
                cancelled = cancels[message["call"]] = threading.Event()
                order = json.loads(_taken(recording_fd))
                echo = {name: message[name] for name in ("request_id", "asked")} | {"order": order, "adapter": adapter}
                threading.Thread(target=self._answer, args=[connection, message["call"], echo, cancelled]).start()
        except wire.ConnectionLostError:
            del self.connections[adapter]
            connection.close()

    def _answer(self, connection: socket.socket, call: int, echo: dict[str, Any], cancelled: threading.Event) -> None:
        started = time.monotonic()
        if cancelled.wait(echo["order"].get("work_s", 0)):
            self.cancelled_after_s.append(time.monotonic() - started)
        try:
            if refusal := echo["order"].get("refuse"):
                wire.send(connection, {"type": "error", "call": call, "kind": refusal[0], "sentence": refusal[1]})
            else:
                timeline_fd = wire.write_memory("timeline", json.dumps(echo).encode())
                try:
                    wire.send(connection, {"type": "result", "call": call}, timeline_fd)
                finally:
                    os.close(timeline_fd)
        except OSError:
            return  # stopped in the middle, as it should be


def order(**told: Any) -> bytes:
    """A recording for the stand-in."""
    return json.dumps(told).encode()


def eventually(condition: Any, within_s: float = 10) -> None:
    """Waits for `condition()`; fails when it has not come true in time."""
    give_up = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < give_up, f"not so within {within_s} s"
        time.sleep(0.02)


def _taken(memory_fd: int) -> bytes:
    content = wire.read_memory(memory_fd)
    os.close(memory_fd)
    return content
