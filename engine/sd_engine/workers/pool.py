"""Pools of worker processes: what a recording can break runs in one, and breaks that one only."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Sequence

from sd_engine import logs, wire
from sd_engine.errors import InvalidArgumentError, UnavailableError
from sd_engine.workers.fifo_pool import Turns
from sd_engine.workers.process import Job
from sd_engine.workers.rlimits import MEBIBYTE, Limits
from sd_engine.workers.worker import Worker, WorkerDiedError

START_AGAIN_S = 1.0
LEAVING = "The engine is shutting down; try again, another one answers."


class JobFailedError(RuntimeError):
    """A job raised what it should not: a mistake of the engine's. The text holds the traceback from the worker."""


def preload(*modules: str) -> None:
    """Names the modules that workers find imported when they start. To be called before the first pool is started."""
    multiprocessing.set_forkserver_preload(["sd_engine.workers.environment", "sd_engine.workers.process", *modules])


class WorkerPool:
    """A fixed number of processes for one kind of job; each does one job at a time.

    `job` is pickled: a function or an instance of a class of some module. `on_restart` is told the pool's name and why
    a worker had to be replaced: "crashed", "hung", "memory" or "cpu".
    """

    def __init__(
        self,
        name: str,
        job: Job,
        count: int,
        limits: Limits,
        on_restart: Callable[[str, str], None] = lambda _name, _why: None,
    ) -> None:
        self._name = name
        self._job = job
        self._count = count
        self._limits = limits
        self._on_restart = on_restart
        self._free: Turns[Worker] = Turns()
        self._lock = threading.Lock()
        self._workers: set[Worker] = set()
        self._closed = False

    def start(self) -> None:
        """The processes come up in the background; until then `run` waits."""
        for _ in range(self._count):
            self._start_one()

    def run(
        self, question: wire.Message, memory_fds: Sequence[int] = (), *, within_s: float | None = None
    ) -> tuple[wire.Message, int | None]:
        """Waits for a free worker, first come first served, and for its answer; the caller owns the memfd in it.

        Raises:
            RefusalError: the job's own.
            UnavailableError: the worker died, or took longer than `within_s` after it had begun; it is replaced.
            JobFailedError: the job raised anything else.
        """
        worker = self._living()
        try:
            answer, memory_fd = worker.run(question, memory_fds, within_s)
        except WorkerDiedError as death:
            self._replace(worker, death.why)
            raise UnavailableError(self._sentence(death.why, within_s)) from death
        except OSError:  # nothing was sent: the worker is as free as before
            self._offer(worker)
            raise
        self._offer(worker)
        try:
            return _told(answer), memory_fd
        except BaseException:
            if memory_fd is not None:
                os.close(memory_fd)
            raise

    def process_ids(self) -> list[int]:
        """Those of the workers that are up."""
        with self._lock:
            return [worker.process_id for worker in self._workers]

    def close(self) -> None:
        """Ends all workers; what they are doing is answered as unavailable, like what waits."""
        self._closed = True
        idle = self._free.close(UnavailableError(LEAVING))
        with self._lock:
            workers = self._workers.copy()
        for worker in workers:
            worker.kill()
        for worker in idle:
            worker.bury()

    def _living(self) -> Worker:
        """A free worker. One that died while it was idle is no request's fault: it is replaced, the next one taken."""
        while (worker := self._free.take()).has_died():
            self._replace(worker, worker.bury().why)
        return worker

    def _replace(self, worker: Worker, why: str) -> None:
        with self._lock:
            self._workers.discard(worker)
        if self._closed:
            return
        logs.event("worker_replaced", pool=self._name, process=worker.process_id, why=why)
        self._on_restart(self._name, why)
        self._start_one()

    def _start_one(self) -> None:
        threading.Thread(target=self._come_up, name=f"{self._name}-start", daemon=True).start()

    def _come_up(self) -> None:
        while not self._closed:
            try:
                worker = Worker(self._name, self._job, self._limits)
            except (WorkerDiedError, OSError, EOFError) as error:  # no memory for a process, or no file descriptor
                logs.failure("worker_not_started", error, pool=self._name)
                time.sleep(START_AGAIN_S)
            else:
                with self._lock:
                    self._workers.add(worker)
                self._offer(worker)
                return

    def _offer(self, worker: Worker) -> None:
        """Makes it free for the next job, or ends it where none will come any more."""
        if not self._free.give(worker):
            worker.bury("hung")

    def _sentence(self, why: str, within_s: float | None) -> str:
        if self._closed:
            return LEAVING
        happened = {
            "crashed": "crashed on this recording",
            "hung": f"was not done with this recording after {within_s or 0:g} s",
            "memory": f"needed more than {self._limits.memory_bytes // MEBIBYTE} MiB of memory for this recording",
            "cpu": f"needed more than {self._limits.cpu_s:g} s of CPU time for this recording",
        }[why]
        return (
            f"The engine's {self._name} process {happened} and was replaced. "
            "Send the recording again; if that repeats, send it as 16 kHz mono WAV or in shorter parts."
        )


_REFUSALS = {error.kind: error for error in (InvalidArgumentError, UnavailableError)}


def _told(answer: wire.Message) -> wire.Message:
    """The job's answer, or what it raised."""
    match answer:
        case {"type": "done", "answer": dict(told)}:
            return told
        case {"type": "refused", "kind": str(kind), "sentence": str(sentence)} if kind in _REFUSALS:
            raise _REFUSALS[kind](sentence)
        case {"type": "failed", "traceback": traceback}:
            raise JobFailedError(f"A job failed in its worker process:\n{traceback}")
        case _:
            raise JobFailedError("A worker process answered what no job answers.")
