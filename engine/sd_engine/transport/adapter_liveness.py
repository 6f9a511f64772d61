"""Which of Triton's adapters are connected, and whether some of them are dead."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable

PATIENCE_S = 10.0
"""Adapters come one after the other when Triton starts, and together within a second after an engine restart."""


class Adapters:
    """Some connected but not all, for ten seconds: a dead stub, which only a restart of Triton brings back.

    None connected says nothing about Triton (it may be starting, or this engine has just come up), all is well.
    """

    def __init__(self, expected: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._expected = expected
        self._clock = clock
        self._lock = threading.Lock()
        self._connections: Counter[str] = Counter()
        self._incomplete_since: float | None = None

    def join(self, name: str) -> None:
        """An adapter has connected. One that reconnects may do so before its old connection is seen to end."""
        with self._lock:
            self._connections[name] += 1
            self._note_completeness()

    def leave(self, name: str) -> None:
        with self._lock:
            self._connections[name] -= 1
            self._connections += Counter()  # forgets those at zero
            self._note_completeness()

    def connected(self) -> int:
        with self._lock:
            return len(self._connections)

    def complaint(self) -> str | None:
        """What is wrong with Triton's adapters; None = nothing."""
        with self._lock:
            if self._incomplete_since is None or self._clock() - self._incomplete_since < PATIENCE_S:
                return None
            return (
                f"Only {len(self._connections)} of {self._expected} adapters have been connected for "
                f"{self._clock() - self._incomplete_since:.0f} s; Triton must be restarted."
            )

    def _note_completeness(self) -> None:
        if not 0 < len(self._connections) < self._expected:
            self._incomplete_since = None
        elif self._incomplete_since is None:
            self._incomplete_since = self._clock()
