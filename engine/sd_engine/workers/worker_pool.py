"""Pools of worker processes: a recording that crashes or hangs its process fails only its own request."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Sequence

from sd_engine import logs, wire
from sd_engine.errors import SHUTTING_DOWN, InvalidArgumentError, UnavailableError
from sd_engine.workers.fifo_pool import FifoPool
from sd_engine.workers.rlimits import MEBIBYTE, ResourceLimits
from sd_engine.workers.worker_handle import DeathReason, WorkerDiedError, WorkerHandle
from sd_engine.workers.worker_main import Job

START_RETRY_S = 1.0


class JobFailedError(RuntimeError):
    """A job raised an unexpected exception: a bug in the engine. The text holds the worker's traceback."""


def preload(*modules: str) -> None:
    """Set the modules that the forkserver imports for all workers. Call this before the first pool is started."""
    multiprocessing.set_forkserver_preload(
        [
            "sd_engine.workers.forkserver_environment",
            "sd_engine.workers.worker_main",
            *modules,
        ]
    )


class WorkerPool:
    """A fixed number of processes for one kind of job. Each runs one job at a time.

    Args:
        name: names the processes in logs, metrics and errors.
        job: a function or a callable instance that can be pickled.
        count: number of processes.
        limits: resource limits of each process.
        on_restart: called with the pool's name and the reason when a process has ended and is replaced.
    """

    def __init__(
        self,
        name: str,
        job: Job,
        count: int,
        limits: ResourceLimits,
        on_restart: Callable[[str, DeathReason], None] = lambda _name, _reason: None,
    ) -> None:
        self._name = name
        self._job = job
        self._count = count
        self._limits = limits
        self._on_restart = on_restart
        self._idle: FifoPool[WorkerHandle] = FifoPool()
        self._lock = threading.Lock()
        self._workers: set[WorkerHandle] = set()
        self._is_closed = False

    def start(self) -> None:
        """Start the processes in the background. Calls of `run` block until one is ready."""
        for _ in range(self._count):
            self._start_worker_in_background()

    def run(
        self, request: wire.Message, memory_fds: Sequence[int] = (), *, timeout_s: float | None = None
    ) -> tuple[wire.Message, int | None]:
        """Wait for an idle worker (first come, first served), run the job, and return its result and memfd.

        The caller closes the returned memfd. `timeout_s` counts from the start of the job.

        Raises:
            RequestError: raised by the job.
            UnavailableError: the worker ended or exceeded `timeout_s`; it is replaced.
            JobFailedError: the job raised any other exception.
        """
        worker = self._acquire_worker()
        try:
            message, memory_fd = worker.run(request, memory_fds, timeout_s)
        except WorkerDiedError as error:
            self._replace(worker, error.reason)
            raise UnavailableError(self._describe_death(error.reason, timeout_s)) from error
        except OSError:  # the request was not sent, so the worker is still idle
            self._release_worker(worker)
            raise
        self._release_worker(worker)
        try:
            return _result(message), memory_fd
        except BaseException:
            if memory_fd is not None:
                os.close(memory_fd)
            raise

    def process_ids(self) -> list[int]:
        """Return the process ids of the workers that are ready or busy."""
        with self._lock:
            return [worker.process_id for worker in self._workers]

    def close(self) -> None:
        """Kill all workers. Running and waiting calls of `run` raise UnavailableError."""
        self._is_closed = True
        idle = self._idle.close(UnavailableError(SHUTTING_DOWN))
        with self._lock:
            workers = self._workers.copy()
        for worker in workers:
            worker.kill()
        for worker in idle:
            worker.reap()

    def _acquire_worker(self) -> WorkerHandle:
        """Return an idle worker. Replaces those that ended while they were idle: no request caused that."""
        while (worker := self._idle.acquire()).has_died():
            self._replace(worker, worker.reap().reason)
        return worker

    def _release_worker(self, worker: WorkerHandle) -> None:
        """Return the worker to the idle ones, or end it if the pool is closed."""
        if not self._idle.release(worker):
            worker.reap("hung")

    def _replace(self, worker: WorkerHandle, reason: DeathReason) -> None:
        with self._lock:
            self._workers.discard(worker)
        if self._is_closed:
            return
        logs.event("worker_replaced", pool=self._name, process=worker.process_id, reason=reason)
        self._on_restart(self._name, reason)
        self._start_worker_in_background()

    def _start_worker_in_background(self) -> None:
        threading.Thread(target=self._start_worker, name=f"{self._name}-start", daemon=True).start()

    def _start_worker(self) -> None:
        while not self._is_closed:
            try:
                worker = WorkerHandle(self._name, self._job, self._limits)
            except (WorkerDiedError, OSError, EOFError) as error:
                logs.failure("worker_not_started", error, pool=self._name)
                time.sleep(START_RETRY_S)
            else:
                with self._lock:
                    self._workers.add(worker)
                self._release_worker(worker)
                return

    def _describe_death(self, reason: DeathReason, timeout_s: float | None) -> str:
        if self._is_closed:
            return SHUTTING_DOWN
        event = {
            "crashed": "crashed on this recording",
            "hung": f"did not finish this recording within {timeout_s or 0:g} s",
            "memory": f"needed more than {self._limits.memory_bytes // MEBIBYTE} MiB of memory for this recording",
            "cpu": f"needed more than {self._limits.cpu_s:g} s of CPU time for this recording",
        }[reason]
        return (
            f"The engine's {self._name} process {event} and was replaced. "
            "Send the recording again; if that fails again, send it as 16 kHz mono WAV or in shorter parts."
        )


_ERRORS_BY_CODE = {error.code: error for error in (InvalidArgumentError, UnavailableError)}


def _result(message: wire.Message) -> wire.Message:
    """Return the result in a worker's message, or raise the error in it."""
    match message:
        case {"type": "result", "result": dict(result)}:
            return result
        case {"type": "rejected", "code": str(code), "message": str(text)} if code in _ERRORS_BY_CODE:
            raise _ERRORS_BY_CODE[code](text)
        case {"type": "failed", "traceback": traceback}:
            raise JobFailedError(f"A job failed in its worker process:\n{traceback}")
        case _:
            raise JobFailedError("A worker process sent a message of an unknown type.")
