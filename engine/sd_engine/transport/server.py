"""The server of the engine's Unix socket: a thread per adapter and per request, one response per request."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path

from sd_engine import logs, wire
from sd_engine.transport.adapter_liveness import AdapterLiveness
from sd_engine.transport.request import Request

ACCEPT_RETRY_S = 0.5
_BACKLOG = 128

RequestHandler = Callable[[Request], bytes]
SendResponse = Callable[[Request, "Future[bytes]", socket.socket], None]


class SocketServer:
    """Listens from its creation on. `handle` computes a request's timeline, `send_response` sends the result."""

    def __init__(
        self,
        path: Path,
        adapters: AdapterLiveness,
        handle: RequestHandler,
        send_response: SendResponse,
        *,
        max_threads: int,
    ) -> None:
        self._listener = _listener(path)
        self._adapters = adapters
        self._handle = handle
        self._send_response = send_response
        self._pending: set[Future[None]] = set()
        self._threads = ThreadPoolExecutor(max_threads, thread_name_prefix="request")

    def pending(self) -> set[Future[None]]:
        """Return one future per request whose response has not been sent yet."""
        return self._pending.copy()

    def serve(self) -> None:
        """Accept adapters forever."""
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError as error:  # too many open files: the adapter waits in the listen backlog
                logs.failure("accept_failed", error)
                time.sleep(ACCEPT_RETRY_S)
            else:
                threading.Thread(target=self._serve_adapter, args=(connection,), name="adapter", daemon=True).start()

    def _serve_adapter(self, connection: socket.socket) -> None:
        with connection:
            name = _receive_hello(connection)
            if name is None:
                return
            adapter = AdapterConnection(connection, self._start)
            self._adapters.add(name)
            logs.event("adapter_connected", adapter=name)
            try:
                adapter.serve()
            finally:
                self._adapters.remove(name)
                logs.event("adapter_disconnected", adapter=name)
                adapter.cancel_all()

    def _start(self, request: Request, connection: socket.socket) -> Future[None]:
        """Handle a request in a thread; the returned future is done once the response has been sent."""
        responded: Future[None] = Future()
        self._pending.add(responded)
        responded.add_done_callback(self._pending.discard)
        self._threads.submit(self._handle, request).add_done_callback(
            lambda result: self._respond(request, result, connection, responded)
        )
        return responded

    def _respond(
        self, request: Request, result: Future[bytes], connection: socket.socket, responded: Future[None]
    ) -> None:
        try:
            self._send_response(request, result, connection)
        finally:
            responded.set_result(None)


class AdapterConnection:
    """The connection of one adapter, after its `hello`, and its open requests."""

    def __init__(self, connection: socket.socket, start: Callable[[Request, socket.socket], Future[None]]) -> None:
        self._connection = connection
        self._start = start
        self._open: dict[int, tuple[Request, Future[None]]] = {}

    def serve(self) -> None:
        """Receive messages until the adapter disconnects."""
        with suppress(wire.ConnectionLostError):
            while True:
                self._receive(*wire.receive(self._connection))

    def cancel_all(self) -> None:
        """Cancel all open requests and wait until nothing uses the connection any more."""
        for request, _ in self._open.values():
            request.cancel()
        wait([responded for _, responded in self._open.values()])

    def _receive(self, message: wire.Message, memory_fd: int | None) -> None:
        self._open = {number: opened for number, opened in self._open.items() if not opened[1].done()}
        number = message["number"]
        if message["type"] == "diarize" and memory_fd is not None:
            request = Request(number, message["request_id"], message["options"], memory_fd)
            self._open[number] = request, self._start(request, self._connection)
        elif message["type"] == "cancel" and number in self._open:
            self._open[number][0].cancel()


def _receive_hello(connection: socket.socket) -> str | None:
    """Return the adapter's name, or None if it disconnected before sending one."""
    try:
        hello, _ = wire.receive(connection)
    except wire.ConnectionLostError:
        return None
    return str(hello["adapter"])


def _listener(path: Path) -> socket.socket:
    """Return a listening socket at `path`, in place of one that a killed engine has left behind."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(str(path))
    path.chmod(0o660)  # the triton container can run as another user of the pod's group
    listener.listen(_BACKLOG)
    return listener
