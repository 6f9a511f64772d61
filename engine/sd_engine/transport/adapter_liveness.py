"""Liveness of Triton's adapters, judged by their connections to the engine."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable

GRACE_PERIOD_S = 10.0
"""Adapters connect one after another when Triton starts, and within a second after the engine restarts."""


class AdapterLiveness:
    """Connected adapters, and for how long some but not all of them have been connected.

    An adapter that stays missing belongs to a dead stub process, which only a restart of Triton replaces. While no
    adapter is connected, Triton may be starting, so nothing is reported.
    """

    def __init__(self, expected: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._expected = expected
        self._clock = clock
        self._lock = threading.Lock()
        self._connections: Counter[str] = Counter()
        self._incomplete_since: float | None = None

    def add(self, name: str) -> None:
        """Add a connection. An adapter that reconnects may briefly have two."""
        with self._lock:
            self._connections[name] += 1
            self._update_incomplete_since()

    def remove(self, name: str) -> None:
        """Remove a connection that has ended."""
        with self._lock:
            self._connections[name] -= 1
            self._connections += Counter()  # drops the names whose count is zero
            self._update_incomplete_since()

    def connected(self) -> int:
        """Return the number of connected adapters."""
        with self._lock:
            return len(self._connections)

    def failure_message(self) -> str | None:
        """Return a message if adapters have been missing for longer than the grace period, else None."""
        with self._lock:
            if self._incomplete_since is None or self._clock() - self._incomplete_since < GRACE_PERIOD_S:
                return None
            return (
                f"Only {len(self._connections)} of {self._expected} adapters have been connected for "
                f"{self._clock() - self._incomplete_since:.0f} s; Triton must be restarted."
            )

    def _update_incomplete_since(self) -> None:
        if not 0 < len(self._connections) < self._expected:
            self._incomplete_since = None
        elif self._incomplete_since is None:
            self._incomplete_since = self._clock()
