"""The engine's socket: a thread per adapter, a thread per request, each request answered exactly once."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path

from sd_engine import logs, wire
from sd_engine.transport.adapter_liveness import Adapters
from sd_engine.transport.request import Call

ACCEPT_AGAIN_S = 0.5

Diarize = Callable[[Call], bytes]
Answer = Callable[[Call, "Future[bytes]", socket.socket], None]


class SocketServer:
    """Listens from its creation on. `diarize` works on a call, `answer` sends what came of it."""

    def __init__(self, path: Path, adapters: Adapters, diarize: Diarize, answer: Answer, *, most_calls: int) -> None:
        self._listener = _listening(path)
        self._adapters = adapters
        self._diarize = diarize
        self._answer = answer
        self._unanswered: set[Future[None]] = set()
        self._threads = ThreadPoolExecutor(most_calls, thread_name_prefix="call")

    def unanswered(self) -> set[Future[None]]:
        """One future for each call that has come and whose answer has not yet been sent."""
        return self._unanswered.copy()

    def serve(self) -> None:
        """Accepts adapters for ever."""
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError as error:  # too many files are open: the adapter waits in the backlog
                logs.failure("accept_failed", error)
                time.sleep(ACCEPT_AGAIN_S)
            else:
                threading.Thread(target=self._serve_one, args=(connection,), name="adapter", daemon=True).start()

    def _serve_one(self, connection: socket.socket) -> None:
        with connection:
            name = _name(connection)
            if name is None:
                return
            adapter = AdapterConnection(connection, self._begin)
            self._adapters.join(name)
            logs.event("adapter_connected", adapter=name)
            try:
                adapter.serve()
            finally:
                self._adapters.leave(name)
                logs.event("adapter_left", adapter=name)
                adapter.abandon()

    def _begin(self, call: Call, connection: socket.socket) -> Future[None]:
        """Starts a thread on a call; what is returned is done once its answer has been sent."""
        answered: Future[None] = Future()
        self._unanswered.add(answered)
        answered.add_done_callback(self._unanswered.discard)
        self._threads.submit(self._diarize, call).add_done_callback(
            lambda done: self._finish(call, done, connection, answered)
        )
        return answered

    def _finish(self, call: Call, done: Future[bytes], connection: socket.socket, answered: Future[None]) -> None:
        try:
            self._answer(call, done, connection)
        finally:
            answered.set_result(None)


class AdapterConnection:
    """One adapter's connection after its hello, and the calls that it has open."""

    def __init__(self, connection: socket.socket, begin: Callable[[Call, socket.socket], Future[None]]) -> None:
        self._connection = connection
        self._begin = begin
        self._open: dict[int, tuple[Call, Future[None]]] = {}

    def serve(self) -> None:
        """Returns when the adapter has gone."""
        with suppress(wire.ConnectionLostError):
            while True:
                self._take(*wire.receive(self._connection))

    def abandon(self) -> None:
        """Calls off all that is open, and returns when nothing uses the connection any more."""
        for call, _ in self._open.values():
            call.call_off()
        wait([answered for _, answered in self._open.values()])

    def _take(self, message: wire.Message, memory_fd: int | None) -> None:
        self._open = {number: opened for number, opened in self._open.items() if not opened[1].done()}
        number = message["call"]
        if message["type"] == "diarize" and memory_fd is not None:
            call = Call(number, message["request_id"], message["asked"], memory_fd)
            self._open[number] = call, self._begin(call, self._connection)
        elif message["type"] == "cancel" and number in self._open:
            self._open[number][0].call_off()


def _name(connection: socket.socket) -> str | None:
    """What the adapter calls itself in its hello; None = it left without one."""
    try:
        hello, _ = wire.receive(connection)
    except wire.ConnectionLostError:
        return None
    return str(hello["adapter"])


_BACKLOG = 128


def _listening(path: Path) -> socket.socket:
    """A socket at `path`. One that a killed engine left behind is replaced: nobody listens there."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(str(path))
    path.chmod(0o660)  # the triton container may run as another user of the pod's group
    listener.listen(_BACKLOG)
    return listener
