"""What a worker process does: one job after the other, as its socket brings them, until the socket closes.

| from   | message                                                        | with   |
|--------|----------------------------------------------------------------|--------|
| worker | `{"type": "ready"}` first of all                               |        |
| engine | the job's question                                             | memfds |
| worker | `{"type": "done", "answer": {…}}`                              | memfd  |
| worker | `{"type": "refused", "kind": KIND, "sentence": TEXT}`          |        |
| worker | `{"type": "failed", "traceback": TEXT}`                        |        |

A job that runs out of memory ends the process: nobody knows what it left behind.
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
from sd_engine.errors import RefusalError
from sd_engine.workers.rlimits import Limits

Job = Callable[[wire.Message, list[int]], tuple[wire.Message, int | None]]
"""Runs in the worker on a question and its memfds, which are closed for it; may return a memfd beside its answer."""

MOST_FDS = 16
OUT_OF_MEMORY = 77
"""The exit status of a worker whose job ran out of memory."""

_PR_SET_PDEATHSIG = 1
_STANDARD_FDS = 3
_MOST_TRACEBACK_CHARACTERS = 8000
_MOST_ANSWER_CHARACTERS = wire.MAX_PACKET_BYTES // 2


def serve(connection: socket.socket, job: Job, limits: Limits) -> None:
    """The whole life of a worker process; never returns."""
    _end_with_engine()
    _close_all_but(connection.fileno())
    limits.apply()
    try:
        with suppress(wire.ConnectionLostError):
            _serve(connection, job, limits)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    os._exit(0)


def _serve(connection: socket.socket, job: Job, limits: Limits) -> None:
    wire.send(connection, {"type": "ready"})
    while True:
        question, memory_fds = _receive(connection)
        limits.begin_job()
        answer, memory_fd = _answer(job, question, memory_fds)
        _close(memory_fds)
        wire.send(connection, answer, memory_fd)
        if memory_fd is not None:
            os.close(memory_fd)


def _answer(job: Job, question: wire.Message, memory_fds: list[int]) -> tuple[wire.Message, int | None]:
    try:
        answer, memory_fd = job(question, memory_fds)
        if len(json.dumps(answer)) > _MOST_ANSWER_CHARACTERS:
            raise ValueError("The job's answer is too long for a packet: what is long belongs into a memfd.")  # noqa: TRY301
    except RefusalError as refusal:
        return {"type": "refused", "kind": refusal.kind, "sentence": str(refusal)}, None
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - whatever it is: the engine raises it again, where the request's id is known
        return {"type": "failed", "traceback": traceback.format_exc()[-_MOST_TRACEBACK_CHARACTERS:]}, None
    return {"type": "done", "answer": answer}, memory_fd


def _receive(connection: socket.socket) -> tuple[wire.Message, list[int]]:
    """As `wire.receive`, with several memfds."""
    room = socket.CMSG_SPACE(MOST_FDS * array.array("i").itemsize)
    packet, ancillary, _, _ = connection.recvmsg(wire.MAX_PACKET_BYTES, room, socket.MSG_CMSG_CLOEXEC)
    if not packet:
        raise wire.ConnectionLostError("The engine has gone.")
    memory_fds = array.array("i")
    for _, _, received in ancillary:
        memory_fds.frombytes(received)
    return json.loads(packet), memory_fds.tolist()


def _end_with_engine() -> None:
    """Also in the middle of a job: the forkserver, this process's parent, ends with the engine, and this with it."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _close_all_but(kept_fd: int) -> None:
    """Else the forkserver, which waits until nobody holds its pipe any more, would outlive the engine."""
    open_fds = [int(path.name) for path in Path("/proc/self/fd").iterdir()]
    _close([fd for fd in open_fds if fd >= _STANDARD_FDS and fd != kept_fd])


def _close(file_descriptors: list[int]) -> None:
    for fd in file_descriptors:
        with suppress(OSError):  # the one through which the list was read
            os.close(fd)
