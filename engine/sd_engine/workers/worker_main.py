"""The main loop of a worker process: run one job after the other until the socket to the engine is closed.

| from   | message                                                | with   |
|--------|--------------------------------------------------------|--------|
| worker | `{"type": "ready"}`, the first message                 |        |
| engine | the job's request                                      | memfds |
| worker | `{"type": "result", "result": {…}}`                    | memfd  |
| worker | `{"type": "rejected", "code": CODE, "message": TEXT}`  |        |
| worker | `{"type": "failed", "traceback": TEXT}`                |        |

A job that runs out of memory ends the process, because the state that it leaves behind is unknown.
"""

from __future__ import annotations

import array
import ctypes
import json
import os
import signal
import socket
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sd_engine import wire
from sd_engine.errors import RequestError
from sd_engine.workers.rlimits import ResourceLimits

Job = Callable[[wire.Message, list[int]], tuple[wire.Message, int | None]]
"""Takes a request and its memfds, which the main loop closes; returns the result and, where there is one, a memfd."""

MAX_REQUEST_FDS = 16
OUT_OF_MEMORY_STATUS = 77
"""Exit status of a worker whose job ran out of memory."""

_PR_SET_PDEATHSIG = 1
_STANDARD_FDS = 3
_MAX_TRACEBACK_CHARACTERS = 8000
_MAX_RESULT_CHARACTERS = wire.MAX_PACKET_BYTES // 2


def main(connection: socket.socket, job: Job, limits: ResourceLimits) -> None:
    """Run the worker process. Never returns."""
    _ignore_shutdown_signals()
    _end_with_forkserver()
    _close_fds_except(connection.fileno())
    limits.apply()
    try:
        # The kernel reports a reset if the engine ended before it read this worker's last message.
        with suppress(wire.ConnectionLostError, ConnectionResetError):
            _run_jobs(connection, job, limits)
    except MemoryError:
        os._exit(OUT_OF_MEMORY_STATUS)
    os._exit(0)


def _run_jobs(connection: socket.socket, job: Job, limits: ResourceLimits) -> None:
    wire.send(connection, {"type": "ready"})
    while True:
        request, request_fds = _receive(connection)
        limits.apply_to_next_job()
        message, result_fd = _run_job(job, request, request_fds)
        _close_fds(request_fds)
        wire.send(connection, message, result_fd)
        if result_fd is not None:
            os.close(result_fd)


def _run_job(job: Job, request: wire.Message, request_fds: list[int]) -> tuple[wire.Message, int | None]:
    try:
        result, result_fd = job(request, request_fds)
        if len(json.dumps(result)) > _MAX_RESULT_CHARACTERS:
            raise ValueError("The job's result is too long for a packet. Return long results in a memfd.")  # noqa: TRY301
    except RequestError as error:
        return {"type": "rejected", "code": error.code, "message": str(error)}, None
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - the engine raises every error again in the thread of the request
        return {"type": "failed", "traceback": traceback.format_exc()[-_MAX_TRACEBACK_CHARACTERS:]}, None
    return {"type": "result", "result": result}, result_fd


def _receive(connection: socket.socket) -> tuple[wire.Message, list[int]]:
    """Receive a message like `wire.receive`, but with several memfds."""
    ancillary_bytes = socket.CMSG_SPACE(MAX_REQUEST_FDS * array.array("i").itemsize)
    packet, ancillary, _, _ = connection.recvmsg(wire.MAX_PACKET_BYTES, ancillary_bytes, socket.MSG_CMSG_CLOEXEC)
    if not packet:
        raise wire.ConnectionLostError("The engine closed the socket.")
    fds = array.array("i")
    for _, _, content in ancillary:
        fds.frombytes(content)
    return json.loads(packet), fds.tolist()


def _ignore_shutdown_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _end_with_forkserver() -> None:
    """Let the kernel kill this process when its parent ends: the forkserver ends when the engine does."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _close_fds_except(kept_fd: int) -> None:
    """Close inherited file descriptors: the forkserver runs until the last holder of its pipe has closed it."""
    open_fds = [int(path.name) for path in Path("/proc/self/fd").iterdir()]
    _close_fds([fd for fd in open_fds if fd >= _STANDARD_FDS and fd != kept_fd])


def _close_fds(fds: list[int]) -> None:
    for fd in fds:
        with suppress(OSError):  # the descriptor that listed the directory is closed already
            os.close(fd)
