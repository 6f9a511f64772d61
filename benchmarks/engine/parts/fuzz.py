"""Ten thousand mutated recordings sent through Triton: each must get a valid response, and nothing may leak."""

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
from benchmarks.engine.cache import cache_dir
from benchmarks.engine.processes import descriptors, tree
from benchmarks.engine.recordings.mutations import mutated, seeds
from benchmarks.engine.shared import SharedResults
from benchmarks.engine.triton_front import Served, infer, served
from benchmarks.record import Row

CLIENTS = 16
MAX_RESPONSE_S = 10.0
CLIENT_TIMEOUT_S = 60.0
"""Longer than `MAX_RESPONSE_S`, so that late responses are measured."""
MAX_RUN_S = 20 * 60.0
DECODER_POOLS = ("decode", "measure")
"""Worker pools that read the recordings: a recording may end one of their processes."""
IDLE_TIMEOUT_S = 30.0
_MAX_SHOWN_FAULTS = 8


@dataclass
class Responses:
    """The number of responses by status, and the faults by file number. Used by several threads."""

    statuses: Counter[int] = field(default_factory=Counter)
    faults: dict[int, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, number: int, status: int, fault: str) -> None:
        with self._lock:
            self.statuses[status] += 1
            if fault:
                self.faults[number] = fault


@dataclass(frozen=True, slots=True)
class Resources:
    """Resources of the idle server."""

    processes: dict[str, set[int]]
    descriptors: int
    memory_objects: int
    restarts: float


def measure(shared: SharedResults) -> list[Row]:
    count = shared.size.mutated_files
    with served(shared.size.exact) as running:
        _send_all(running, range(count, count + max(200, count // 50)), Responses())  # warm up with other files
        before = _idle_resources(running)
        responses = Responses()
        started = time.monotonic()
        sent = _send_all(running, range(count), responses)
        wall_s = time.monotonic() - started
        leaks = _leaks(running, before)
    _save_faulty_files(responses)
    for number, fault in sorted(responses.faults.items()):
        shared.log(f"fuzz: file {number}: {fault}")
    faults = [f"file {number}: {fault}" for number, fault in sorted(responses.faults.items())] + leaks
    unsent = [f"{count - sent} files were not sent within {MAX_RUN_S / 60:.0f} min"] if sent < count else []
    detail = _detail(responses, wall_s, faults + unsent)
    return [Row("fuzz_wrong_answers", len(faults) + count - sent, "answers", "<= 0", detail)]


def _detail(responses: Responses, wall_s: float, faults: list[str]) -> str:
    statuses = ", ".join(f"{count} × {status}" for status, count in sorted(responses.statuses.items()))
    hidden = len(faults) - _MAX_SHOWN_FAULTS
    shown = "; ".join(faults[:_MAX_SHOWN_FAULTS]) + (f"; and {hidden} more" if hidden > 0 else "")
    return f"{statuses} from {CLIENTS} clients in {wall_s:.0f} s; demo model" + (f"; {shown}" if faults else "")


def _send_all(running: Served, numbers: range, responses: Responses) -> int:
    """Send the files of these numbers from all clients; return the number of files sent before `MAX_RUN_S`."""
    seeds()
    unsent: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in numbers:
        unsent.put(number)
    deadline = time.monotonic() + MAX_RUN_S
    clients = [
        threading.Thread(target=_run_client, args=[running, unsent, responses, deadline]) for _ in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    return len(numbers) - unsent.qsize()


def _run_client(running: Served, unsent: queue.SimpleQueue[int], responses: Responses, deadline: float) -> None:
    connection = running.connection(CLIENT_TIMEOUT_S)
    while time.monotonic() < deadline:
        try:
            number = unsent.get_nowait()
        except queue.Empty:
            break
        status, fault = _send(connection, mutated(number))
        responses.add(number, status, fault)
    connection.close()


def _send(connection: http.client.HTTPConnection, recording: bytes) -> tuple[int, str]:
    """Return the status (0 = no response) and the fault of the response (empty = valid)."""
    started = time.monotonic()
    try:
        status, response = infer(connection, recording)
    except (OSError, http.client.HTTPException, ValueError, LookupError) as error:
        connection.close()  # the next request opens it again
        return 0, f"no response ({type(error).__name__}: {error})"
    return status, _fault(status, response) or _delay_fault(time.monotonic() - started)


def _fault(status: int, response: object) -> str:
    if status == http.client.OK:
        return document.document_error(response)
    if status == http.client.BAD_REQUEST:
        return document.message_error(response)
    return f"status {status}: {response}"


def _delay_fault(duration_s: float) -> str:
    return f"response after {duration_s:.1f} s" if duration_s > MAX_RESPONSE_S else ""


def _idle_resources(running: Served) -> Resources:
    """Wait until no request is in flight and the resources no longer change; return them."""
    deadline = time.monotonic() + IDLE_TIMEOUT_S
    previous, current = None, _resources(running)
    while (previous != current or running.engine.metric("sd_requests_in_flight")) and time.monotonic() < deadline:
        time.sleep(2)
        previous, current = current, _resources(running)
    return current


def _resources(running: Served) -> Resources:
    """Count what the server uses. Worker processes may be replaced; the engine and Triton's processes must remain."""
    permanent = {"engine": {running.engine.process_id}, "Triton": set(tree(running.triton_id))}
    process_ids = [*tree(running.engine.process_id), *permanent["Triton"]]
    open_files = [target for process_id in process_ids for _, target in descriptors(process_id)]
    regions = sum(1 for _ in Path("/dev/shm").glob("triton_python_backend_shm_region_*"))  # noqa: S108 - Triton's folder
    memory_objects = regions + sum(target.startswith("/memfd:") for target in open_files)
    restarts = running.engine.metrics_by("sd_worker_restarts_total", "pool")
    unexpected_restarts = sum(count for pool, count in restarts.items() if pool not in DECODER_POOLS)
    return Resources(permanent, len(open_files), memory_objects, unexpected_restarts)


def _leaks(running: Served, before: Resources) -> list[str]:
    after = _idle_resources(running)
    faults = [f"{name} was restarted" for name, ids in before.processes.items() if ids != after.processes[name]]
    for resource, count_before, count_after in (
        ("descriptors", before.descriptors, after.descriptors),
        ("shared memory objects", before.memory_objects, after.memory_objects),
        ("restarts of workers that decode nothing", before.restarts, after.restarts),
    ):
        if count_after > count_before:
            faults.append(f"{count_after - count_before:g} more {resource} than before")
    return faults


def _save_faulty_files(responses: Responses) -> None:
    """Save the files that got an invalid response, for debugging."""
    saved = cache_dir() / "fuzz-wrong"
    shutil.rmtree(saved, ignore_errors=True)
    saved.mkdir()
    for number in responses.faults:
        (saved / str(number)).write_bytes(mutated(number))
