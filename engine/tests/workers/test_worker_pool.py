"""Worker processes: what breaks one costs one request, and the next one finds a new process."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import pytest
import worker_jobs
from sd_engine import wire
from sd_engine.errors import InvalidArgumentError, RefusalError, UnavailableError
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
    """Two workers that all tests share: none of them leaves them worse than it found them."""
    worker_pool.preload("worker_jobs")
    pool = WorkerPool("test", worker_jobs.job, 2, LIMITS, lambda name, why: restarts.append((name, why)))
    pool.start()
    yield pool
    pool.close()


def said(pool: WorkerPool, **question: Any) -> dict[str, Any]:
    answer, memory_fd = pool.run(question)
    assert memory_fd is None
    return answer


def open_fds() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def settled_fds(pool: WorkerPool) -> int:
    """How many are open once all workers are up: a new one is started in a thread."""
    while len(pool.process_ids()) < 2:
        time.sleep(0.005)
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda _: said(pool, do="sleep", for_s=0.05), range(2)))
    return open_fds()


def test_a_job_gets_its_memfds_and_may_return_one(pool: WorkerPool) -> None:
    memory_fds = [wire.write_memory("question", text.encode()) for text in ("one", "two")]

    answer, none = pool.run({"do": "echo", "say": "hello"}, memory_fds)
    _, memory_fd = pool.run({"do": "write", "say": "timeline"})

    assert (answer["said"], answer["held"], none) == ("hello", ["one", "two"], None)
    assert memory_fd is not None
    assert wire.read_memory(memory_fd) == b"timeline"
    for fd in (*memory_fds, memory_fd):
        os.close(fd)


@pytest.mark.parametrize(("how", "error"), [("invalid", InvalidArgumentError), ("unavailable", UnavailableError)])
def test_a_jobs_refusal_is_raised_in_the_caller(pool: WorkerPool, how: str, error: type[RefusalError]) -> None:
    with pytest.raises(error) as refused:
        said(pool, do="refuse", how=how)

    assert (type(refused.value), str(refused.value)) == (error, "The job says no.")


def test_a_mistake_in_a_job_is_told_with_its_traceback(pool: WorkerPool, restarts: list[tuple[str, str]]) -> None:
    before = restarts.copy()
    with pytest.raises(JobFailedError, match=r"(?s)worker_jobs\.py.*KeyError: 'a mistake in the job'"):
        said(pool, do="fail")
    with pytest.raises(JobFailedError, match="too long for a packet"):
        said(pool, do="talk", characters=100_000)

    assert restarts == before


@pytest.mark.parametrize(
    ("question", "why", "sentence"),
    [
        ({"do": "signal", "signal": "SIGSEGV"}, "crashed", "crashed on this recording"),
        ({"do": "signal", "signal": "SIGKILL"}, "crashed", "crashed on this recording"),
        ({"do": "babble"}, "crashed", "crashed on this recording"),
        ({"do": "sleep", "for_s": 60}, "hung", "did not finish this recording within 0.3 s"),
        ({"do": "hoard", "bytes": 80 * MEBIBYTE}, "memory", "needed more than 64 MiB of memory"),
    ],
)
def test_what_breaks_a_worker_costs_its_own_request_only(
    pool: WorkerPool, restarts: list[tuple[str, str]], question: dict[str, Any], why: str, sentence: str
) -> None:
    with ThreadPoolExecutor(1) as threads:
        neighbour = threads.submit(said, pool, do="sleep", for_s=0.5)
        with pytest.raises(UnavailableError) as refused:
            pool.run(question, timeout_s=0.3 if why == "hung" else 60)

        assert str(refused.value).startswith(f"The engine's test process {sentence}")
        assert str(refused.value).endswith(ADVICE)
        assert restarts[-1] == ("test", why)
        assert neighbour.result()["process"] > 0


def test_a_worker_that_spins_is_ended_by_its_cpu_limit(pool: WorkerPool, restarts: list[tuple[str, str]]) -> None:
    with pytest.raises(UnavailableError, match="needed more than 1 s of CPU time"):
        said(pool, do="spin")

    assert restarts[-1] == ("test", "cpu")


def test_a_job_cannot_open_more_files_than_allowed(pool: WorkerPool) -> None:
    with pytest.raises(JobFailedError, match="Too many open files"):
        said(pool, do="open files")


def test_replacements_are_up_at_once(pool: WorkerPool) -> None:
    started = time.monotonic()
    for _ in range(4):
        with pytest.raises(UnavailableError):
            said(pool, do="signal", signal="SIGKILL")
    settled_fds(pool)

    assert time.monotonic() - started < 15, "tens of milliseconds each on an idle machine"


def test_a_worker_that_died_while_it_was_idle_is_no_requests_fault(
    pool: WorkerPool, restarts: list[tuple[str, str]]
) -> None:
    settled_fds(pool)
    dead = pool.process_ids()
    for process_id in dead:
        os.kill(process_id, 9)
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{process_id}/exe").exists() for process_id in dead):  # a zombie has none
        assert time.monotonic() < deadline
        time.sleep(0.01)

    assert said(pool, do="echo")["process"] not in dead
    assert restarts[-1] == ("test", "crashed")


def test_requests_share_the_workers_and_wait_for_their_turn(pool: WorkerPool) -> None:
    settled_fds(pool)
    with ThreadPoolExecutor(8) as threads:
        started = time.monotonic()
        processes = list(threads.map(lambda _: said(pool, do="sleep", for_s=0.1)["process"], range(8)))

    assert time.monotonic() - started >= 0.4
    assert set(processes) == set(pool.process_ids())


def test_signals_to_the_whole_group_do_not_end_a_job(pool: WorkerPool) -> None:
    assert said(pool, do="signal", signal="SIGTERM")["process"] > 0
    assert said(pool, do="signal", signal="SIGINT")["process"] > 0


def test_a_worker_holds_nothing_of_the_engines(pool: WorkerPool) -> None:
    answer = said(pool, do="look")

    assert answer == {"open": ["socket"], "threads": "1"}


def test_no_descriptor_is_left_behind(pool: WorkerPool) -> None:
    memory_fd = wire.write_memory("question", b"x")
    before = settled_fds(pool)
    for _ in range(50):
        pool.run({"do": "echo"}, [memory_fd])
        _, answer_fd = pool.run({"do": "write", "say": "x"})
        os.close(answer_fd or -1)
        with pytest.raises(InvalidArgumentError):
            pool.run({"do": "refuse", "how": "invalid"}, [memory_fd])
    for _ in range(5):
        with pytest.raises(UnavailableError):
            pool.run({"do": "signal", "signal": "SIGKILL"}, [memory_fd])
        with pytest.raises(UnavailableError):
            pool.run({"do": "sleep", "for_s": 9}, [memory_fd], timeout_s=0.01)
    with pytest.raises(OSError, match="Bad file descriptor"):
        pool.run({"do": "echo"}, [999])

    assert settled_fds(pool) == before
    os.close(memory_fd)


def test_closing_a_pool_ends_its_processes_and_answers_what_runs_and_waits() -> None:
    forkserver.ensure_running()  # its own descriptors stay open
    before = open_fds()
    pool = WorkerPool("closed", worker_jobs.job, 1, LIMITS)
    pool.start()
    said(pool, do="echo")
    (process_id,) = pool.process_ids()
    with ThreadPoolExecutor(2) as threads:
        asked = [threads.submit(said, pool, do="sleep", for_s=60) for _ in range(2)]
        time.sleep(0.1)
        pool.close()
        assert [str(call.exception()) for call in asked] == [worker_pool.SHUTTING_DOWN] * 2

    assert not Path(f"/proc/{process_id}").exists()
    deadline = time.monotonic() + 30
    while open_fds() != before:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_an_engine_that_is_killed_takes_its_workers_with_it_in_the_middle_of_a_job() -> None:
    engine = """
        import threading, worker_jobs
        from sd_engine.workers.rlimits import ResourceLimits
        from sd_engine.workers.worker_pool import WorkerPool
        pool = WorkerPool("orphaned", worker_jobs.job, 2, ResourceLimits(cpu_s=9, memory_bytes=1 << 26))
        pool.start()
        pool.run({"do": "echo"})
        threading.Thread(target=pool.run, args=({"do": "sleep", "for_s": 60},)).start()
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
