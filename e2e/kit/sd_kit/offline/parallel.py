"""Two functions in parallel, both terminated when one fails or is interrupted."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sd_kit import subprocesses

A = TypeVar("A")
B = TypeVar("B")


def run_both(first: Callable[[], A], second: Callable[[], B]) -> tuple[A, B]:
    """Return both results; raise the first function's exception, else the second's."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        futures = pool.submit(first), pool.submit(second)
        try:
            return futures[0].result(), futures[1].result()
        except BaseException:  # KeyboardInterrupt too: leaving the block waits for running subprocesses
            subprocesses.terminate_all()
            raise
