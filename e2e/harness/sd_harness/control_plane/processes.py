"""Subprocesses of tests, free ports, and waiting for a result."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

Result = TypeVar("Result")


@contextmanager
def process(argv: list[str], log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program until the block ends, and append its output to a file."""
    with log.open("ab") as out:
        running = subprocess.Popen(argv, stdout=out, stderr=subprocess.STDOUT, env={**os.environ, **environment})
        try:
            yield running
        finally:
            running.kill()  # no program here needs a graceful shutdown
            running.wait()


def free_port() -> int:
    """A TCP port that is not in use."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def eventually(
    poll: Callable[[], Result | None], description: str, timeout_s: float = 10, interval_s: float = 0.05
) -> Result:
    """Poll until the result is true, and return it.

    Raises:
        AssertionError: it was not within the timeout; the message has the last result.
    """
    deadline = time.monotonic() + timeout_s
    while not (result := poll()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{description}: not within {timeout_s} s; last result: {result!r}")
        time.sleep(interval_s)
    return result
