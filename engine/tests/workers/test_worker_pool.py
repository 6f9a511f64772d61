"""A pool replaces worker processes that end: only the request that ended one fails."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import pytest
import worker_jobs
from sd_engine import wire
from sd_engine.errors import SHUTTING_DOWN, InvalidArgumentError, RequestError, UnavailableError
from sd_engine.workers import worker_pool
from sd_engine.workers.rlimits import MEBIBYTE, ResourceLimits
from sd_engine.workers.worker_pool import JobFailedError, WorkerPool

LIMITS = ResourceLimits(cpu_s=1, memory_bytes=64 * MEBIBYTE, open_files=16)
ADVICE = (
    " and was replaced. Send the recording again; if that fails again, send it as 16 kHz mono WAV or in shorter parts."
)


@pytest.fixture(scope="module")
def restarts() -> list[tuple[str, str]]:
    return []


@pytest.fixture(scope="module")
def pool(restarts: list[tuple[str, str]]) -> Iterator[WorkerPool]:
    """Two workers that all tests of this module share."""
    worker_pool.preload("worker_jobs")
    pool = WorkerPool("test", worker_jobs.job, 2, LIMITS, lambda name, reason: restarts.append((name, reason)))
    pool.start()
    yield pool
    pool.close()


def run(pool: WorkerPool, **request: Any) -> dict[str, Any]:
    result, memory_fd = pool.run(request)
    assert memory_fd is None
    return result


def count_open_fds() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def count_open_fds_when_idle(pool: WorkerPool) -> int:
    """Wait until both workers are ready, because replacements start in the background; return the open descriptors."""
    while len(pool.process_ids()) < 2:
        time.sleep(0.005)
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda _: run(pool, job="sleep", duration_s=0.05), range(2)))
    return count_open_fds()


def test_a_job_receives_memfds_and_returns_one(pool: WorkerPool) -> None:
    memory_fds = [wire.write_memory("request", text.encode()) for text in ("one", "two")]

    result, no_fd = pool.run({"job": "echo", "text": "hello"}, memory_fds)
    _, memory_fd = pool.run({"job": "write memfd", "text": "timeline"})

    assert (result["text"], result["contents"], no_fd) == ("hello", ["one", "two"], None)
    assert memory_fd is not None
    assert wire.read_memory(memory_fd) == b"timeline"
    for fd in (*memory_fds, memory_fd):
        os.close(fd)


@pytest.mark.parametrize(
    ("code", "error"), [("invalid_argument", InvalidArgumentError), ("unavailable", UnavailableError)]
)
def test_a_rejection_by_the_job_is_raised_in_the_caller(pool: WorkerPool, code: str, error: type[RequestError]) -> None:
    with pytest.raises(error) as raised:
        run(pool, job="reject", code=code)

    assert (type(raised.value), str(raised.value)) == (error, "The job rejects this request.")


def test_an_unexpected_exception_is_raised_with_its_traceback(
    pool: WorkerPool, restarts: list[tuple[str, str]]
) -> None:
    before = restarts.copy()
    with pytest.raises(JobFailedError, match=r"(?s)worker_jobs\.py.*KeyError: 'a bug in the job'"):
        run(pool, job="raise KeyError")
    with pytest.raises(JobFailedError, match="too long for a packet"):
        run(pool, job="return long result", characters=100_000)

    assert restarts == before


@pytest.mark.parametrize(
    ("job_request", "reason", "event"),
    [
        ({"job": "raise signal", "signal": "SIGSEGV"}, "crashed", "crashed on this recording"),
        ({"job": "raise signal", "signal": "SIGKILL"}, "crashed", "crashed on this recording"),
        ({"job": "send invalid message"}, "crashed", "crashed on this recording"),
        ({"job": "sleep", "duration_s": 60}, "hung", "did not finish this recording within 0.3 s"),
        ({"job": "allocate", "bytes": 80 * MEBIBYTE}, "memory", "needed more than 64 MiB of memory"),
    ],
)
def test_a_worker_that_ends_fails_only_its_own_request(
    pool: WorkerPool, restarts: list[tuple[str, str]], job_request: dict[str, Any], reason: str, event: str
) -> None:
    with ThreadPoolExecutor(1) as threads:
        concurrent = threads.submit(run, pool, job="sleep", duration_s=0.5)
        with pytest.raises(UnavailableError) as raised:
            pool.run(job_request, timeout_s=0.3 if reason == "hung" else 60)

        assert str(raised.value).startswith(f"The engine's test process {event}")
        assert str(raised.value).endswith(ADVICE)
        assert restarts[-1] == ("test", reason)
        assert concurrent.result()["process_id"] > 0


def test_a_busy_loop_is_ended_by_the_cpu_limit(pool: WorkerPool, restarts: list[tuple[str, str]]) -> None:
    with pytest.raises(UnavailableError, match="needed more than 1 s of CPU time"):
        run(pool, job="busy loop")

    assert restarts[-1] == ("test", "cpu")


def test_replacements_are_ready_within_seconds(pool: WorkerPool) -> None:
    started = time.monotonic()
    for _ in range(4):
        with pytest.raises(UnavailableError):
            run(pool, job="raise signal", signal="SIGKILL")
    count_open_fds_when_idle(pool)

    assert time.monotonic() - started < 15, "tens of milliseconds each on an idle machine"


def has_ended(process_id: int) -> bool:
    """Return True for a zombie or reaped process, whose sockets are closed."""
    try:
        status = Path(f"/proc/{process_id}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return status.rpartition(")")[2].split()[0] == "Z"


def test_workers_that_ended_while_idle_are_replaced_and_fail_no_request(
    pool: WorkerPool, restarts: list[tuple[str, str]]
) -> None:
    count_open_fds_when_idle(pool)
    killed = pool.process_ids()
    for process_id in killed:
        os.kill(process_id, 9)
    deadline = time.monotonic() + 10
    while not all(map(has_ended, killed)):
        assert time.monotonic() < deadline
        time.sleep(0.01)

    assert run(pool, job="echo")["process_id"] not in killed
    assert restarts[-1] == ("test", "crashed")


def test_requests_share_the_workers_and_wait_for_an_idle_one(pool: WorkerPool) -> None:
    count_open_fds_when_idle(pool)
    with ThreadPoolExecutor(8) as threads:
        started = time.monotonic()
        processes = list(threads.map(lambda _: run(pool, job="sleep", duration_s=0.1)["process_id"], range(8)))

    assert time.monotonic() - started >= 0.4
    assert set(processes) == set(pool.process_ids())


def test_no_file_descriptor_leaks(pool: WorkerPool) -> None:
    memory_fd = wire.write_memory("request", b"x")
    before = count_open_fds_when_idle(pool)
    for _ in range(50):
        pool.run({"job": "echo"}, [memory_fd])
        _, result_fd = pool.run({"job": "write memfd", "text": "x"})
        os.close(result_fd or -1)
        with pytest.raises(InvalidArgumentError):
            pool.run({"job": "reject", "code": "invalid_argument"}, [memory_fd])
    for _ in range(5):
        with pytest.raises(UnavailableError):
            pool.run({"job": "raise signal", "signal": "SIGKILL"}, [memory_fd])
        with pytest.raises(UnavailableError):
            pool.run({"job": "sleep", "duration_s": 9}, [memory_fd], timeout_s=0.01)
    with pytest.raises(OSError, match="Bad file descriptor"):
        pool.run({"job": "echo"}, [999])

    assert count_open_fds_when_idle(pool) == before
    os.close(memory_fd)


def test_closing_a_pool_ends_its_processes_and_rejects_running_and_waiting_requests() -> None:
    forkserver.ensure_running()  # its own descriptors stay open
    before = count_open_fds()
    pool = WorkerPool("closed", worker_jobs.job, 1, LIMITS)
    pool.start()
    run(pool, job="echo")
    (process_id,) = pool.process_ids()
    with ThreadPoolExecutor(2) as threads:
        calls = [threads.submit(run, pool, job="sleep", duration_s=60) for _ in range(2)]
        time.sleep(0.1)
        pool.close()
        assert [str(call.exception()) for call in calls] == [SHUTTING_DOWN] * 2

    assert not Path(f"/proc/{process_id}").exists()
    deadline = time.monotonic() + 30
    while count_open_fds() != before:
        assert time.monotonic() < deadline
        time.sleep(0.01)
