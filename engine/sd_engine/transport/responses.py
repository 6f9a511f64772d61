"""What goes back over the socket for a call: its timeline, or why there is none."""

from __future__ import annotations

import os
import socket
from concurrent.futures import Future
from dataclasses import dataclass

from sd_engine import logs, wire
from sd_engine.errors import RefusalError
from sd_engine.metrics import Metrics
from sd_engine.transport.request import Call


@dataclass(frozen=True, slots=True)
class Answers:
    """Sends answers and counts them."""

    metrics: Metrics

    def send(self, call: Call, work: Future[bytes], connection: socket.socket) -> None:
        """Answers a call whose work is done, well or not, and closes its recording."""
        call.forget_recording()
        self.metrics.requests.labels(_outcome(work)).inc()
        try:
            _send(call, work, connection)
        except wire.ConnectionLostError:
            logs.event("answer_unwanted", id=call.request_id)
        except OSError as error:  # no memory or no file descriptor for it: the adapter then tells all that wait
            logs.failure("answer_impossible", error, id=call.request_id)
            connection.shutdown(socket.SHUT_RDWR)


def _outcome(work: Future[bytes]) -> str:
    error = work.exception()
    if error is None:
        return "ok"
    return error.outcome if isinstance(error, RefusalError) else wire.INTERNAL


def _send(call: Call, work: Future[bytes], connection: socket.socket) -> None:
    error = work.exception()
    if error is None:
        _send_timeline(call, work.result(), connection)
    elif isinstance(error, RefusalError):
        logs.event("refused", id=call.request_id, kind=error.kind, sentence=str(error))
        _send_error(call, error.kind, str(error), connection)
    else:
        logs.failure("failed", error, id=call.request_id)
        sentence = f"The engine failed on this recording ({type(error).__name__}); its log says more."
        _send_error(call, wire.INTERNAL, sentence, connection)


def _send_timeline(call: Call, timeline: bytes, connection: socket.socket) -> None:
    memory_fd = wire.write_memory("timeline", timeline)
    try:
        wire.send(connection, {"type": "result", "call": call.number}, memory_fd)
    finally:
        os.close(memory_fd)


def _send_error(call: Call, kind: str, sentence: str, connection: socket.socket) -> None:
    wire.send(connection, {"type": "error", "call": call.number, "kind": kind, "sentence": sentence})
