"""The engine's end of one worker process: starts it, gives it jobs, notices its death."""

from __future__ import annotations

import json
import multiprocessing
import select
import signal
import socket
import threading
from collections.abc import Sequence
from multiprocessing.connection import wait

from sd_engine import wire
from sd_engine.workers import process
from sd_engine.workers.process import Job
from sd_engine.workers.rlimits import Limits

START_WITHIN_S = 120.0
"""The first one waits until the modules to be preloaded are imported."""
_EXIT_WITHIN_S = 5.0
_WHY = {process.OUT_OF_MEMORY: "memory", -signal.SIGXCPU: "cpu"}
_FORKING = multiprocessing.get_context("forkserver")
_CHILDREN = threading.Lock()
"""multiprocessing's list of children is not made for threads."""


class WorkerDiedError(Exception):
    """The process has ended; `why` is "crashed", "hung", "memory" or "cpu"."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The worker process has ended: {why}.")
        self.why = why


class Worker:
    """One process that does one job at a time, ready for the first one. Used by one thread at a time, but for `kill`.

    Raises:
        WorkerDiedError: it did not come up.
        OSError: there is no memory or no file descriptor for one more.
    """

    def __init__(self, name: str, job: Job, limits: Limits) -> None:
        self._connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process = _FORKING.Process(target=process.serve, args=(theirs, job, limits), name=name)
        self._end = threading.Lock()
        self._buried = False
        try:
            with theirs, _CHILDREN:
                self._process.start()
        except BaseException:
            self._connection.close()
            raise
        self.process_id = self._process.pid or 0  # never 0 after start
        self._receive(START_WITHIN_S)

    def run(
        self, question: wire.Message, memory_fds: Sequence[int], within_s: float | None
    ) -> tuple[wire.Message, int | None]:
        """The worker's message and the memfd that came with it.

        Raises:
            WorkerDiedError: there is none: the process died, or was killed because it took too long.
            OSError: the question could not be sent; the worker knows nothing of it.
        """
        packet = json.dumps(question, separators=(",", ":")).encode()
        try:
            socket.send_fds(self._connection, [packet], list(memory_fds))
        except (BrokenPipeError, ConnectionResetError) as error:
            raise self.bury() from error
        return self._receive(within_s)

    def has_died(self) -> bool:
        """While it has no job, all that it can say is that it is gone."""
        return _is_readable(self._connection, 0)

    def kill(self) -> None:
        """Ends the process; whoever waits for its answer is told that it died."""
        with self._end:
            if not self._buried:
                self._process.kill()

    def bury(self, why: str | None = None) -> WorkerDiedError:
        """Makes sure that the process is gone, frees what it held here, and says why it ended."""
        self._connection.close()
        if why or not wait([self._process.sentinel], _EXIT_WITHIN_S):  # its exit status follows the socket's end
            self.kill()
        wait([self._process.sentinel])
        with self._end, _CHILDREN:
            self._buried = True
            self._process.join()
            why = why or _WHY.get(self._process.exitcode or 0, "crashed")
            self._process.close()
        return WorkerDiedError(why)

    def _receive(self, within_s: float | None) -> tuple[wire.Message, int | None]:
        if not _is_readable(self._connection, within_s):
            raise self.bury("hung")
        try:
            return wire.receive(self._connection)
        except wire.ConnectionLostError as error:
            raise self.bury() from error
        except (OSError, ValueError, RecursionError) as error:  # no descriptor for its memfd, or not our protocol
            raise self.bury("crashed") from error


def _is_readable(connection: socket.socket, within_s: float | None) -> bool:
    """By `poll`: `select` refuses file descriptors beyond 1023."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(None if within_s is None else within_s * 1000))
