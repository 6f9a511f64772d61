"""The handle of a worker process detects why the process ended, and kills it on demand."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, get_args

import pytest
import worker_jobs
from sd_engine.metrics import RESTART_REASONS
from sd_engine.workers import worker_pool
from sd_engine.workers.rlimits import MEBIBYTE, ResourceLimits
from sd_engine.workers.worker_handle import DeathReason, WorkerDiedError, WorkerHandle

LIMITS = ResourceLimits(cpu_s=1, memory_bytes=64 * MEBIBYTE, open_files=16)


@pytest.fixture
def worker() -> Iterator[WorkerHandle]:
    worker_pool.preload("worker_jobs")
    worker = WorkerHandle("test", worker_jobs.job, LIMITS)
    yield worker
    if not worker._is_reaped:
        worker.kill()
        worker.reap()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("job_request", "timeout_s", "reason"),
    [
        ({"job": "raise signal", "signal": "SIGSEGV"}, 60, "crashed"),
        ({"job": "send invalid message"}, 60, "crashed"),
        ({"job": "sleep", "duration_s": 60}, 0.3, "hung"),
        ({"job": "allocate", "bytes": 80 * MEBIBYTE}, 60, "memory"),
    ],
)
def test_the_reason_of_a_death_is_reported_and_the_process_is_gone(
    worker: WorkerHandle, job_request: dict[str, Any], timeout_s: float, reason: str
) -> None:
    with pytest.raises(WorkerDiedError) as error:
        worker.run(job_request, [], timeout_s)

    assert error.value.reason == reason
    assert str(error.value) == f"The worker process ended: {reason}."
    assert not Path(f"/proc/{worker.process_id}").exists()


def test_killing_the_process_ends_a_pending_run(worker: WorkerHandle) -> None:
    with ThreadPoolExecutor(1) as threads:
        call = threads.submit(worker.run, {"job": "sleep", "duration_s": 60}, [], 60)
        time.sleep(0.1)
        worker.kill()
        error = call.exception(timeout=10)

    assert isinstance(error, WorkerDiedError)
    assert error.reason == "crashed"


def test_the_death_of_an_idle_process_is_detected(worker: WorkerHandle) -> None:
    assert not worker.has_died()
    os.kill(worker.process_id, 9)
    wait_until(worker.has_died)

    with pytest.raises(WorkerDiedError):
        worker.run({"job": "echo"}, [], 60)


def test_a_job_requestthat_cannot_be_sent_leaves_the_worker_idle(worker: WorkerHandle) -> None:
    with pytest.raises(OSError, match="Bad file descriptor"):
        worker.run({"job": "echo"}, [999], 60)

    message, _ = worker.run({"job": "echo", "text": "hello"}, [], 60)
    assert message["result"]["text"] == "hello"


def test_a_process_that_ends_before_it_is_ready_raises() -> None:
    with pytest.raises(WorkerDiedError, match="crashed"):
        WorkerHandle("test", worker_jobs.ExitOnUnpickling(), LIMITS)


def test_the_metrics_have_a_label_value_for_every_reason() -> None:
    assert set(RESTART_REASONS) == set(get_args(DeathReason))
