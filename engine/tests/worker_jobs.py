"""Jobs for the workers' tests: by name, each good or bad in its own way. Imported by the worker processes."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sd_engine import wire
from sd_engine.errors import InvalidArgumentError, UnavailableError

Answer = tuple[dict[str, Any], int | None]


def job(question: wire.Message, memory_fds: list[int]) -> tuple[wire.Message, int | None]:
    return JOBS[question["do"]](question, memory_fds)


def _echo(question: wire.Message, memory_fds: list[int]) -> Answer:
    held = [wire.read_memory(memory_fd).decode() for memory_fd in memory_fds]
    return {"said": question.get("say"), "held": held, "process": os.getpid()}, None


def _write(question: wire.Message, _: list[int]) -> Answer:
    return {}, wire.write_memory("answer", question["say"].encode())


def _sleep(question: wire.Message, _: list[int]) -> Answer:
    time.sleep(question["for_s"])
    return {"process": os.getpid()}, None


def _signal(question: wire.Message, _: list[int]) -> Answer:
    os.kill(os.getpid(), signal.Signals[question["signal"]])
    return {"process": os.getpid()}, None


def _spin(_question: wire.Message, _: list[int]) -> Answer:
    while True:
        pass


def _hoard(question: wire.Message, _: list[int]) -> Answer:
    return {"bytes": len(bytearray(question["bytes"]))}, None


def _open_files(_question: wire.Message, _: list[int]) -> Answer:
    while True:
        os.open(os.devnull, os.O_RDONLY)


def _refuse(question: wire.Message, _: list[int]) -> Answer:
    raise {"invalid": InvalidArgumentError, "unavailable": UnavailableError}[question["how"]]("The job says no.")


def _fail(_question: wire.Message, _: list[int]) -> Answer:
    raise KeyError("a mistake in the job")


def _talk(question: wire.Message, _: list[int]) -> Answer:
    return {"said": "x" * question["characters"]}, None


def _look(_question: wire.Message, _: list[int]) -> Answer:
    links = [path for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
    return {
        "open": sorted(str(path.readlink()).partition(":")[0] for path in links if int(path.name) > 2),
        "threads": os.environ["OMP_NUM_THREADS"],
    }, None


def _babble(_question: wire.Message, _: list[int]) -> Answer:
    """As a decoder would that a recording has taken over."""
    links = [path for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
    socket = next(path for path in links if str(path.readlink()).startswith("socket"))
    os.write(int(socket.name), b"what no engine understands")
    time.sleep(60)
    return {}, None


JOBS: dict[str, Callable[[wire.Message, list[int]], Answer]] = {
    "echo": _echo,
    "write": _write,
    "sleep": _sleep,
    "signal": _signal,
    "spin": _spin,
    "hoard": _hoard,
    "open files": _open_files,
    "refuse": _refuse,
    "fail": _fail,
    "talk": _talk,
    "look": _look,
    "babble": _babble,
}
