"""Says what is being done and how long it took, on stderr."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

QUIET_BELOW_S = 2.0


def say(text: str) -> None:
    """One line for the person who waits; stdout stays free for results."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def step(name: str) -> Iterator[None]:
    """Announce `name`, and its elapsed seconds once it is done."""
    say(f"· {name} …")
    began = time.monotonic()
    yield
    elapsed_s = time.monotonic() - began
    if elapsed_s >= QUIET_BELOW_S:
        say(f"✓ {name}: {elapsed_s:.0f} s")
