"""When each service is looked at next. Pure: every method is told the time."""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from sd_operator.kube.cache import Key

BURST_S = 0.1
"""Events that come in a burst are answered by one look after the first, no sooner than this after it ended."""
FIRST_RETRY_S = 1.0
LAST_RETRY_S = 300.0


class Turn(NamedTuple):
    """A key that is to be looked at now, and for how long it was due."""

    key: Key
    waited_s: float


@dataclass(slots=True)
class Schedule:
    """A de-duplicating queue: each key is at most once in it, and never taken while it is being worked on.

    The first event is answered at once. A key that failed waits twice as long each time, with jitter, and a new event
    brings it forward to the shortest such wait, because the event may be the cause going away.
    """

    jitter: Callable[[], float] = random.random
    _due: dict[Key, float] = field(default_factory=dict[Key, float])
    _order: list[tuple[float, Key]] = field(default_factory=list[tuple[float, Key]])  # a heap; see `_first`
    _busy: set[Key] = field(default_factory=set[Key])
    _again: set[Key] = field(default_factory=set[Key])
    _not_before: dict[Key, float] = field(default_factory=dict[Key, float])
    _failures: dict[Key, int] = field(default_factory=dict[Key, int])

    def add(self, key: Key, now: float) -> None:
        """Something happened to the key."""
        if key in self._busy:
            self._again.add(key)
        else:
            self._put(key, max(now, self._not_before.get(key, now)))

    def take(self, now: float) -> Turn | None:
        """The key that has been due longest, to be worked on until `finish`; None where none is due."""
        first = self._first()
        if first is None or first[0] > now:
            return None
        due, key = heapq.heappop(self._order)
        del self._due[key]
        self._busy.add(key)
        return Turn(key, now - due)

    def finish(self, key: Key, now: float, *, settled: bool, again_after_s: float | None = None) -> None:
        """The work on a key has ended; where it is not settled, or a time is given, it comes back by itself."""
        self._busy.discard(key)
        self._not_before = {recent: until for recent, until in self._not_before.items() if until > now}
        if settled:
            self._failures.pop(key, None)
            self._not_before[key] = now + BURST_S
            if again_after_s is not None:
                self._put(key, now + again_after_s)
        else:
            self._put(key, now + self._retry_after(key))
            self._not_before[key] = now + FIRST_RETRY_S
        if key in self._again:
            self._again.discard(key)
            self.add(key, now)

    def next_due(self) -> float | None:
        """When the next key is due; None where nothing waits."""
        first = self._first()
        return None if first is None else first[0]

    def due(self, now: float) -> int:
        """How many keys a worker could take now."""
        return sum(due <= now for due in self._due.values())

    def __len__(self) -> int:
        return len(self._due)

    def _put(self, key: Key, due: float) -> None:
        """The key is due then, or earlier where it already was."""
        if due < self._due.get(key, due + 1):
            self._due[key] = due
            heapq.heappush(self._order, (due, key))

    def _first(self) -> tuple[float, Key] | None:
        """The earliest entry; those of keys that were brought forward since are dropped on the way."""
        while self._order and self._due.get(self._order[0][1]) != self._order[0][0]:
            heapq.heappop(self._order)
        return self._order[0] if self._order else None

    def _retry_after(self, key: Key) -> float:
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        # 2 ** 9 s is more than the longest wait; the exponent is bounded because failures are not.
        longest = min(FIRST_RETRY_S * 2 ** min(failures, 9), LAST_RETRY_S)
        return longest * (0.5 + self.jitter() / 2)
