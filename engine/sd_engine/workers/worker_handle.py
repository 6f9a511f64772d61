"""The engine's handle of one worker process: start it, send it requests, kill it, detect that it has ended."""

from __future__ import annotations

import json
import multiprocessing
import select
import signal
import socket
import threading
from collections.abc import Sequence
from multiprocessing.connection import wait
from typing import Literal

from sd_engine import wire
from sd_engine.workers import worker_main
from sd_engine.workers.rlimits import ResourceLimits
from sd_engine.workers.worker_main import Job

DeathReason = Literal["crashed", "hung", "memory", "cpu"]
"""Reason for which a worker process ended; "hung" = killed after a timeout, "memory" and "cpu" = limit exceeded."""

START_TIMEOUT_S = 120.0
"""The first worker waits until the forkserver has imported the preloaded modules."""
_EXIT_TIMEOUT_S = 5.0
_REASON_OF_EXIT_CODE: dict[int, DeathReason] = {worker_main.OUT_OF_MEMORY_STATUS: "memory", -signal.SIGXCPU: "cpu"}
_MULTIPROCESSING = multiprocessing.get_context("forkserver")
_PROCESS_LIST_LOCK = threading.Lock()
"""Guards multiprocessing's list of child processes, which is not thread-safe."""


class WorkerDiedError(Exception):
    """The worker process has ended."""

    def __init__(self, reason: DeathReason) -> None:
        super().__init__(f"The worker process ended: {reason}.")
        self.reason: DeathReason = reason


class WorkerHandle:
    """A running worker process, which does one job at a time. Only `kill` may be called from another thread.

    Raises:
        WorkerDiedError: the process ended before it was ready.
        OSError: there is not enough memory, or no free file descriptor, for another process.
    """

    def __init__(self, name: str, job: Job, limits: ResourceLimits) -> None:
        self._connection, worker_connection = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process = _MULTIPROCESSING.Process(
            target=worker_main.main, args=(worker_connection, job, limits), name=name
        )
        self._kill_lock = threading.Lock()
        self._is_reaped = False
        try:
            with worker_connection, _PROCESS_LIST_LOCK:
                self._process.start()
        except BaseException:
            self._connection.close()
            raise
        self.process_id = self._process.pid or 0  # never 0 after start
        self._receive(START_TIMEOUT_S)

    def run(
        self, request: wire.Message, memory_fds: Sequence[int], timeout_s: float | None
    ) -> tuple[wire.Message, int | None]:
        """Send a request; return the worker's message and the memfd that came with it.

        Raises:
            WorkerDiedError: the process ended, or was killed because it exceeded `timeout_s`.
            OSError: the request was not sent; the worker is still idle.
        """
        packet = json.dumps(request, separators=(",", ":")).encode()
        try:
            socket.send_fds(self._connection, [packet], list(memory_fds))
        except (BrokenPipeError, ConnectionResetError) as error:
            raise self.reap() from error
        return self._receive(timeout_s)

    def has_died(self) -> bool:
        """Return True if the idle process has ended: only then does its socket become readable."""
        return _is_readable(self._connection, 0)

    def kill(self) -> None:
        """Kill the process. A pending `run` raises WorkerDiedError."""
        with self._kill_lock:
            if not self._is_reaped:
                self._process.kill()

    def reap(self, reason: DeathReason | None = None) -> WorkerDiedError:
        """Wait for the process to end, killing it where necessary, and free its resources.

        Args:
            reason: kill the process, and report this reason; None = wait, and derive the reason from the exit code.
        """
        self._connection.close()
        if reason or not wait([self._process.sentinel], _EXIT_TIMEOUT_S):  # the socket closes before the process ends
            self.kill()
        wait([self._process.sentinel])
        with self._kill_lock, _PROCESS_LIST_LOCK:
            self._is_reaped = True
            self._process.join()
            reason = reason or _REASON_OF_EXIT_CODE.get(self._process.exitcode or 0, "crashed")
            self._process.close()
        return WorkerDiedError(reason)

    def _receive(self, timeout_s: float | None) -> tuple[wire.Message, int | None]:
        if not _is_readable(self._connection, timeout_s):
            raise self.reap("hung")
        try:
            return wire.receive(self._connection)
        except wire.ConnectionLostError as error:
            raise self.reap() from error
        except (
            OSError,
            ValueError,
            RecursionError,
        ) as error:  # no file descriptor for the memfd, or an invalid message
            raise self.reap("crashed") from error


def _is_readable(connection: socket.socket, timeout_s: float | None) -> bool:
    """Poll the socket; `select` would not accept file descriptors above 1023."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(None if timeout_s is None else timeout_s * 1000))
