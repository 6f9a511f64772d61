"""When each service is looked at next. Pure: every method is told the time."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from sd_operator.runtime.cache import Key

BURST_S = 0.1
"""Events that come in a burst are answered by one look after the first, no sooner than this after it ended."""
FIRST_RETRY_S = 1.0
LAST_RETRY_S = 300.0


@dataclass(slots=True)
class Schedule:
    """A de-duplicating queue: each key is at most once in it, and never taken while it is being worked on.

    The first event is answered at once. A key that failed waits twice as long each time, with jitter, and a new event
    brings it forward to the shortest such wait, because the event may be the cause going away.
    """

    jitter: Callable[[], float] = random.random
    _due: dict[Key, float] = field(default_factory=dict[Key, float])
    _busy: set[Key] = field(default_factory=set[Key])
    _again: set[Key] = field(default_factory=set[Key])
    _not_before: dict[Key, float] = field(default_factory=dict[Key, float])
    _failures: dict[Key, int] = field(default_factory=dict[Key, int])

    def add(self, key: Key, now: float) -> None:
        """Something happened to the key."""
        if key in self._busy:
            self._again.add(key)
            return
        due = max(now, self._not_before.get(key, now))
        self._due[key] = min(due, self._due.get(key, due))

    def take(self, now: float) -> Key | None:
        """The key that has been due longest, to be worked on until `finish`; None where none is due."""
        ready = [(due, key) for key, due in self._due.items() if due <= now]
        if not ready:
            return None
        _, key = min(ready)
        del self._due[key]
        self._busy.add(key)
        return key

    def finish(self, key: Key, now: float, *, settled: bool) -> None:
        """The work on a key has ended; where it is not settled it comes back by itself."""
        self._busy.discard(key)
        self._not_before = {recent: until for recent, until in self._not_before.items() if until > now}
        if settled:
            self._failures.pop(key, None)
            self._not_before[key] = now + BURST_S
        else:
            self._due[key] = now + self._retry_after(key)
            self._not_before[key] = now + FIRST_RETRY_S
        if key in self._again:
            self._again.discard(key)
            self.add(key, now)

    def next_due(self) -> float | None:
        """When the next key is due; None where nothing waits."""
        return min(self._due.values(), default=None)

    def __len__(self) -> int:
        return len(self._due)

    def _retry_after(self, key: Key) -> float:
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        # 2 ** 9 s is more than the longest wait; the exponent is bounded because failures are not.
        longest = min(FIRST_RETRY_S * 2 ** min(failures, 9), LAST_RETRY_S)
        return longest * (0.5 + self.jitter() / 2)
