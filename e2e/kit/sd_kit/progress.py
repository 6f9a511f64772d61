"""Progress messages on stderr; stdout is left to results."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

MIN_REPORTED_S = 2.0
"""The duration of a shorter step is not printed."""


def print_line(text: str) -> None:
    """Print one line to stderr."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def step(name: str) -> Iterator[None]:
    """Print `name` at the start of a step, and its duration at the end."""
    print_line(f"· {name} …")
    started_s = time.monotonic()
    yield
    elapsed_s = time.monotonic() - started_s
    if elapsed_s >= MIN_REPORTED_S:
        print_line(f"✓ {name}: {elapsed_s:.0f} s")
