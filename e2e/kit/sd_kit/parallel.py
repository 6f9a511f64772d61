"""Does two long things at once, and ends both when one fails or is interrupted."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sd_kit import commands

A = TypeVar("A")
B = TypeVar("B")


def together(first: Callable[[], A], second: Callable[[], B]) -> tuple[A, B]:
    """The results of both; raises what the first to be asked raised."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        futures = pool.submit(first), pool.submit(second)
        try:
            return futures[0].result(), futures[1].result()
        except BaseException:  # an interrupt too: leaving this block waits for what still runs
            commands.end_all()
            raise
