"""Programs that run beside a test, and the patience to wait for what they do."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

Found = TypeVar("Found")


@contextmanager
def process(argv: list[str], log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program that runs for as long as the block does; its output is added to a file."""
    with log.open("ab") as out:
        running = subprocess.Popen(argv, stdout=out, stderr=subprocess.STDOUT, env={**os.environ, **environment})
        try:
            yield running
        finally:
            running.kill()  # nothing here has anything to save
            running.wait()


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def eventually(look: Callable[[], Found | None], what: str, timeout_s: float = 10, every_s: float = 0.05) -> Found:
    """What `look` finds once that is true; fails with the last that it found."""
    deadline = time.monotonic() + timeout_s
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {timeout_s} s; last seen: {found!r}")
        time.sleep(every_s)
    return found
