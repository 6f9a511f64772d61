"""Ten thousand damaged recordings through Triton: each gets a document or a sentence, and nothing is left behind."""

from __future__ import annotations

import http.client
import queue
import shutil
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.engine import document
from benchmarks.engine.cache import folder
from benchmarks.engine.mutations import mutated, seeds
from benchmarks.engine.processes import descriptors, tree
from benchmarks.engine.shared import Shared
from benchmarks.engine.triton_front import Served, infer, served
from benchmarks.record import Row

CLIENTS = 16
WITHIN_S = 10.0
GIVE_UP_AFTER_S = 60.0
"""Longer than an answer may take: it is seen how late it comes."""
AT_MOST_S = 20 * 60.0
DECODING = ("decode", "measure")
"""The pools whose workers a recording may end: they read what strangers wrote."""
CALM_WITHIN_S = 30.0
_SHOWN = 8


@dataclass
class Tally:
    """What came back; wrong answers with the number of their file."""

    answers: Counter[int] = field(default_factory=Counter)
    wrong: dict[int, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, number: int, status: int, fault: str) -> None:
        with self._lock:
            self.answers[status] += 1
            if fault:
                self.wrong[number] = fault


@dataclass(frozen=True, slots=True)
class Held:
    """What the server holds when it is idle."""

    processes: dict[str, set[int]]
    descriptors: int
    memory_objects: int
    restarts: float


def measure(shared: Shared) -> list[Row]:
    count = shared.size.mutated_files
    with served(shared.size.exact) as running:
        _ask_all(running, range(count, count + max(200, count // 50)), Tally())  # warm, with files of its own
        before = _held(running)
        tally = Tally()
        started = time.monotonic()
        asked = _ask_all(running, range(count), tally)
        wall_s = time.monotonic() - started
        leaks = _leaks(running, before)
    _keep(tally)
    for number, fault in sorted(tally.wrong.items()):
        shared.note(f"fuzz: file {number}: {fault}")
    faults = [f"file {number}: {fault}" for number, fault in sorted(tally.wrong.items())] + leaks
    unasked = [f"{count - asked} files were not sent within {AT_MOST_S / 60:.0f} min"] if asked < count else []
    return [
        Row(
            "fuzz_wrong_answers",
            len(faults) + count - asked,
            "answers",
            "<= 0",
            _detail(tally, wall_s, faults + unasked),
        )
    ]


def _detail(tally: Tally, wall_s: float, faults: list[str]) -> str:
    answers = ", ".join(f"{count} × {status}" for status, count in sorted(tally.answers.items()))
    shown = "; ".join(faults[:_SHOWN]) + (f"; and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else "")
    return f"{answers} from {CLIENTS} clients in {wall_s:.0f} s; demo model" + (f"; {shown}" if faults else "")


def _ask_all(running: Served, numbers: range, tally: Tally) -> int:
    """Sends the files of these numbers from all clients; returns how many could be sent in time."""
    seeds()
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in numbers:
        waiting.put(number)
    give_up = time.monotonic() + AT_MOST_S
    clients = [threading.Thread(target=_client, args=[running, waiting, tally, give_up]) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    return len(numbers) - waiting.qsize()


def _client(running: Served, waiting: queue.SimpleQueue[int], tally: Tally, give_up: float) -> None:
    connection = running.connection(GIVE_UP_AFTER_S)
    while time.monotonic() < give_up:
        try:
            number = waiting.get_nowait()
        except queue.Empty:
            break
        status, fault = _asked(connection, mutated(number))
        tally.note(number, status, fault)
    connection.close()


def _asked(connection: http.client.HTTPConnection, recording: bytes) -> tuple[int, str]:
    """The status (0: none came), and what is wrong with the answer."""
    started = time.monotonic()
    try:
        status, answer = infer(connection, recording)
    except (OSError, http.client.HTTPException, ValueError, LookupError) as error:
        connection.close()  # the next request opens it anew
        return 0, f"no answer ({type(error).__name__}: {error})"
    return status, _fault(status, answer) or _lateness(time.monotonic() - started)


def _fault(status: int, answer: object) -> str:
    if status == http.client.OK:
        return document.fault(answer)
    if status == http.client.BAD_REQUEST:
        return document.sentence_fault(answer)
    return f"status {status}: {answer}"


def _lateness(after_s: float) -> str:
    return f"answered after {after_s:.1f} s" if after_s > WITHIN_S else ""


def _held(running: Served) -> Held:
    """Once nothing is in flight and nothing changes any more."""
    give_up = time.monotonic() + CALM_WITHIN_S
    last, seen = None, _holds(running)
    while (last != seen or running.engine.metric("sd_requests_in_flight")) and time.monotonic() < give_up:
        time.sleep(2)
        last, seen = seen, _holds(running)
    return seen


def _holds(running: Served) -> Held:
    """Workers come and go; the engine itself and all of Triton's processes stay."""
    lasting = {"engine": {running.engine.process_id}, "Triton": set(tree(running.triton_id))}
    every = [*tree(running.engine.process_id), *lasting["Triton"]]
    open_files = [target for process_id in every for _, target in descriptors(process_id)]
    regions = sum(1 for _ in Path("/dev/shm").glob("triton_python_backend_shm_region_*"))  # noqa: S108 - Triton's place
    memory_objects = regions + sum(target.startswith("/memfd:") for target in open_files)
    restarts = running.engine.metrics_by("sd_worker_restarts_total", "pool")
    others = sum(count for pool, count in restarts.items() if pool not in DECODING)
    return Held(lasting, len(open_files), memory_objects, others)


def _leaks(running: Served, before: Held) -> list[str]:
    after = _held(running)
    faults = [f"{name} was restarted" for name, ids in before.processes.items() if ids != after.processes[name]]
    for what, was, now in (
        ("descriptors", before.descriptors, after.descriptors),
        ("shared memory objects", before.memory_objects, after.memory_objects),
        ("restarts of workers that decode nothing", before.restarts, after.restarts),
    ):
        if now > was:
            faults.append(f"{now - was:g} more {what} than before")
    return faults


def _keep(tally: Tally) -> None:
    """The files that were answered wrongly, for whoever wants to know why."""
    kept = folder() / "fuzz-wrong"
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir()
    for number in tally.wrong:
        (kept / str(number)).write_bytes(mutated(number))
