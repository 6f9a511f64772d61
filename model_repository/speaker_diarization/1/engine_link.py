"""The adapter's way to the engine: connected whenever there is one, and quick to say so when there is none."""

from __future__ import annotations

import threading
from typing import Any

import wire
from connection import ABSENT, Call, Connection
from refusal import Refusal

RECONNECT_S = 0.5


class EngineLink:
    """Keeps one connection open from a thread of its own, and opens the next one when the engine comes back."""

    def __init__(self, socket_path: str, adapter: str) -> None:
        self._socket_path = socket_path
        self._adapter = adapter
        self._connection: Connection | None = None
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._stay_connected, name="engine-link", daemon=True)
        self._thread.start()

    def start(self, request_id: str, asked: dict[str, Any], recording_fd: int) -> Call:
        """Hands a recording over to the engine.

        Raises:
            Refusal: there is no engine at the moment.
        """
        if (connection := self._connection) is None:
            raise Refusal(wire.UNAVAILABLE, ABSENT)
        return connection.start(request_id, asked, recording_fd)

    def close(self) -> None:
        """Ends the connection and the thread."""
        self._closed.set()
        if (connection := self._connection) is not None:
            connection.close()
        self._thread.join()

    def _stay_connected(self) -> None:
        while not self._closed.is_set():
            try:
                self._connection = Connection(self._socket_path, self._adapter)
                if self._closed.is_set():  # since this one was begun: `close` has not seen it
                    self._connection.close()
                self._connection.receive_until_lost()
            except OSError:  # no engine yet, or none any more
                self._connection = None
                self._closed.wait(RECONNECT_S)
