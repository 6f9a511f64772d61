"""Responses to adapters: the timeline of a request, or its error."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from sd_engine import logs, wire
from sd_engine.errors import RequestError
from sd_engine.transport.request import Request


@dataclass(frozen=True, slots=True)
class ResponseSender:
    """Sends one response per request and reports its outcome to `record_outcome`."""

    record_outcome: Callable[[str], None]

    def send(self, request: Request, result: Future[bytes], connection: socket.socket) -> None:
        """Send the result of a request, a timeline or an exception, and close its recording."""
        request.close_recording()
        self.record_outcome(_outcome(result))
        try:
            _send(request, result, connection)
        except wire.ConnectionLostError:
            logs.event("response_not_delivered", id=request.request_id)
        except OSError as error:  # out of memory or file descriptors: closing makes the adapter fail its open requests
            logs.failure("response_failed", error, id=request.request_id)
            connection.shutdown(socket.SHUT_RDWR)


def _outcome(result: Future[bytes]) -> str:
    error = result.exception()
    if error is None:
        return "ok"
    return error.outcome if isinstance(error, RequestError) else wire.INTERNAL


def _send(request: Request, result: Future[bytes], connection: socket.socket) -> None:
    error = result.exception()
    if error is None:
        _send_timeline(request, result.result(), connection)
    elif isinstance(error, RequestError):
        logs.event("rejected", id=request.request_id, code=error.code, message=str(error))
        _send_error(request, error.code, str(error), connection)
    else:
        logs.failure("failed", error, id=request.request_id)
        message = f"The engine failed on this recording ({type(error).__name__}); see the engine's log."
        _send_error(request, wire.INTERNAL, message, connection)


def _send_timeline(request: Request, timeline: bytes, connection: socket.socket) -> None:
    memory_fd = wire.write_memory("timeline", timeline)
    try:
        wire.send(connection, {"type": "result", "number": request.number}, memory_fd)
    finally:
        os.close(memory_fd)


def _send_error(request: Request, code: str, message: str, connection: socket.socket) -> None:
    wire.send(connection, {"type": "error", "number": request.number, "code": code, "message": message})
