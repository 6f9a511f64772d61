"""The adapter's client of the engine, which reconnects in the background when the engine restarts."""

from __future__ import annotations

import threading

import wire
from engine_connection import UNREACHABLE, EngineConnection, PendingRequest
from request_error import RequestError

RECONNECT_S = 0.5


class EngineClient:
    """Keeps one connection open from a thread of its own; without one, requests fail immediately."""

    def __init__(self, socket_path: str, adapter: str) -> None:
        self._socket_path = socket_path
        self._adapter = adapter
        self._connection: EngineConnection | None = None
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._stay_connected, name="engine-client", daemon=True)
        self._thread.start()

    def send_request(self, request_id: str, options: wire.Message, recording_fd: int) -> PendingRequest:
        """Send a recording to the engine, as `EngineConnection.send_request`.

        Raises:
            RequestError: there is no connection, or the options are too long for a message.
        """
        if (connection := self._connection) is None:
            raise RequestError(wire.UNAVAILABLE, UNREACHABLE)
        return connection.send_request(request_id, options, recording_fd)

    def close(self) -> None:
        """Close the connection and end the thread."""
        self._closed.set()
        if (connection := self._connection) is not None:
            connection.close()
        self._thread.join()

    def _stay_connected(self) -> None:
        while not self._closed.is_set():
            try:
                self._connection = EngineConnection(self._socket_path, self._adapter)
                if self._closed.is_set():  # since this connection was begun: `close` has not seen it
                    self._connection.close()
                self._connection.receive_until_lost()
            except OSError:  # no engine listens, or it has closed the connection
                self._connection = None
                self._closed.wait(RECONNECT_S)
