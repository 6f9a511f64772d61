"""Jobs for the tests of worker processes, selected by name. Worker processes import this module."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sd_engine import wire
from sd_engine.errors import InvalidArgumentError, UnavailableError

Result = tuple[dict[str, Any], int | None]


def job(request: wire.Message, memory_fds: list[int]) -> tuple[wire.Message, int | None]:
    return JOBS[request["job"]](request, memory_fds)


class ExitOnUnpickling:
    """A job that ends the worker process before it is ready."""

    def __reduce__(self) -> tuple[Callable[[int], None], tuple[int]]:
        return os._exit, (1,)

    def __call__(self, _request: wire.Message, _: list[int]) -> Result:
        raise NotImplementedError


def _echo(request: wire.Message, memory_fds: list[int]) -> Result:
    contents = [wire.read_memory(memory_fd).decode() for memory_fd in memory_fds]
    return {"text": request.get("text"), "contents": contents, "process_id": os.getpid()}, None


def _write_memfd(request: wire.Message, _: list[int]) -> Result:
    return {}, wire.write_memory("result", request["text"].encode())


def _sleep(request: wire.Message, _: list[int]) -> Result:
    time.sleep(request["duration_s"])
    return {"process_id": os.getpid()}, None


def _raise_signal(request: wire.Message, _: list[int]) -> Result:
    os.kill(os.getpid(), signal.Signals[request["signal"]])
    return {"process_id": os.getpid()}, None


def _busy_loop(_request: wire.Message, _: list[int]) -> Result:
    while True:
        pass


def _allocate(request: wire.Message, _: list[int]) -> Result:
    return {"bytes": len(bytearray(request["bytes"]))}, None


def _open_files(_request: wire.Message, _: list[int]) -> Result:
    while True:
        os.open(os.devnull, os.O_RDONLY)


def _reject(request: wire.Message, _: list[int]) -> Result:
    error = {"invalid_argument": InvalidArgumentError, "unavailable": UnavailableError}[request["code"]]
    raise error("The job rejects this request.")


def _raise_key_error(_request: wire.Message, _: list[int]) -> Result:
    raise KeyError("a bug in the job")


def _return_long_result(request: wire.Message, _: list[int]) -> Result:
    return {"text": "x" * request["characters"]}, None


def _inspect_process(_request: wire.Message, _: list[int]) -> Result:
    links = [path for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
    return {
        "open": sorted(str(path.readlink()).partition(":")[0] for path in links if int(path.name) > 2),
        "threads": os.environ["OMP_NUM_THREADS"],
    }, None


def _send_invalid_message(_request: wire.Message, _: list[int]) -> Result:
    """Write bytes that are not JSON to the socket, like a decoder that a malicious recording has taken over."""
    links = [path for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
    socket = next(path for path in links if str(path.readlink()).startswith("socket"))
    os.write(int(socket.name), b"not JSON")
    time.sleep(60)
    return {}, None


JOBS: dict[str, Callable[[wire.Message, list[int]], Result]] = {
    "echo": _echo,
    "write memfd": _write_memfd,
    "sleep": _sleep,
    "raise signal": _raise_signal,
    "busy loop": _busy_loop,
    "allocate": _allocate,
    "open files": _open_files,
    "reject": _reject,
    "raise KeyError": _raise_key_error,
    "return long result": _return_long_result,
    "inspect process": _inspect_process,
    "send invalid message": _send_invalid_message,
}
