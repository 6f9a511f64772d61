"""The main loop of a worker process: its messages, and what the process inherits and shares with the engine."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import worker_jobs
from sd_engine import wire
from sd_engine.workers import worker_pool
from sd_engine.workers.rlimits import MEBIBYTE, ResourceLimits
from sd_engine.workers.worker_handle import WorkerHandle

LIMITS = ResourceLimits(cpu_s=60, memory_bytes=64 * MEBIBYTE, open_files=16)


@pytest.fixture(scope="module")
def worker() -> Iterator[WorkerHandle]:
    worker_pool.preload("worker_jobs")
    worker = WorkerHandle("test", worker_jobs.job, LIMITS)
    yield worker
    worker.kill()
    worker.reap()


def run(worker: WorkerHandle, **request: Any) -> wire.Message:
    message, memory_fd = worker.run(request, [], timeout_s=60)
    assert memory_fd is None
    return message


def test_a_result_is_sent_with_its_memfd(worker: WorkerHandle) -> None:
    message, memory_fd = worker.run({"job": "write memfd", "text": "timeline"}, [], timeout_s=60)

    assert message == {"type": "result", "result": {}}
    assert memory_fd is not None
    assert wire.read_memory(memory_fd) == b"timeline"
    os.close(memory_fd)


@pytest.mark.parametrize("code", ["invalid_argument", "unavailable"])
def test_a_rejection_is_sent_with_its_error_code(worker: WorkerHandle, code: str) -> None:
    assert run(worker, job="reject", code=code) == {
        "type": "rejected",
        "code": code,
        "message": "The job rejects this request.",
    }


@pytest.mark.parametrize(
    ("job_request", "error"),
    [
        ({"job": "raise KeyError"}, "KeyError: 'a bug in the job'"),
        ({"job": "return long result", "characters": 100_000}, "result is too long for a packet"),
        ({"job": "open files"}, "Too many open files"),
    ],
)
def test_other_exceptions_are_sent_as_a_traceback(
    worker: WorkerHandle, job_request: dict[str, Any], error: str
) -> None:
    message = run(worker, **job_request)

    assert message["type"] == "failed"
    assert error in message["traceback"]


def test_signals_to_the_process_group_do_not_end_a_job(worker: WorkerHandle) -> None:
    for number in ("SIGTERM", "SIGINT"):
        message = run(worker, job="raise signal", signal=number)
        assert message == {"type": "result", "result": {"process_id": worker.process_id}}


def test_a_worker_inherits_no_file_descriptors_and_uses_one_thread() -> None:
    worker = WorkerHandle("test", worker_jobs.job, LIMITS)
    message = run(worker, job="inspect process")
    worker.kill()
    worker.reap()

    assert message == {"type": "result", "result": {"open": ["socket"], "threads": "1"}}


def test_workers_end_with_the_engine_in_the_middle_of_a_job() -> None:
    engine = """
        import threading, worker_jobs
        from sd_engine.workers.rlimits import ResourceLimits
        from sd_engine.workers.worker_pool import WorkerPool
        pool = WorkerPool("orphaned", worker_jobs.job, 2, ResourceLimits(cpu_s=9, memory_bytes=1 << 26))
        pool.start()
        pool.run({"job": "echo"})
        threading.Thread(target=pool.run, args=({"job": "sleep", "duration_s": 60},)).start()
        while len(pool.process_ids()) < 2:
            pass
        print(*pool.process_ids(), flush=True)
    """
    argv = [sys.executable, "-c", textwrap.dedent(engine)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=Path(__file__).parents[1], text=True) as process:
        assert process.stdout is not None
        process_ids = process.stdout.readline().split()
        process.kill()

    deadline = time.monotonic() + 30
    while any(Path(f"/proc/{process_id}").exists() for process_id in process_ids):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert len(process_ids) == 2


WORKER = """
import socket, sys
from sd_engine.workers import worker_main
from sd_engine.workers.rlimits import ResourceLimits
limits = ResourceLimits(cpu_s=60, memory_bytes=64 * 2**20, open_files=16)
worker_main.main(socket.socket(fileno=int(sys.argv[1])), lambda request, fds: ({}, None), limits)
"""


def test_a_worker_prints_nothing_when_the_engine_ends_without_reading_its_message() -> None:
    engine, worker = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with engine, worker:
        process = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(worker.fileno())], pass_fds=[worker.fileno()], stderr=subprocess.PIPE
        )
        worker.close()
        assert select.select([engine], [], [], 30)[0]
    _, stderr = process.communicate(timeout=30)
    assert (process.returncode, stderr) == (0, b"")
