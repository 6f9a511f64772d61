"""A rate limiting workqueue of service keys. Pure: the caller passes the current time to every method."""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from sd_operator.kube.cache import Key

DEBOUNCE_S = 0.1
"""Events within this time after a reconcile are combined into one further reconcile."""
BASE_DELAY_S = 1.0
MAX_DELAY_S = 300.0


class QueuedKey(NamedTuple):
    """A key to reconcile now, and the seconds for which it was due."""

    key: Key
    waited_s: float


@dataclass(slots=True)
class RateLimitingQueue:
    """A deduplicating queue: a key is queued at most once, and is not returned while it is being processed.

    The first event of a key makes it due immediately. The delay of a failed key doubles each time, with jitter; a new
    event shortens it to BASE_DELAY_S, because the event may have removed the cause of the failure.
    """

    jitter: Callable[[], float] = random.random
    _due_s: dict[Key, float] = field(default_factory=dict[Key, float])
    _heap: list[tuple[float, Key]] = field(default_factory=list[tuple[float, Key]])  # may hold outdated entries
    _processing: set[Key] = field(default_factory=set[Key])
    _dirty: set[Key] = field(default_factory=set[Key])  # added while being processed
    _not_before_s: dict[Key, float] = field(default_factory=dict[Key, float])
    _failures: dict[Key, int] = field(default_factory=dict[Key, int])

    def add(self, key: Key, now_s: float) -> None:
        """Queue a key after an event."""
        if key in self._processing:
            self._dirty.add(key)
        else:
            self._push(key, max(now_s, self._not_before_s.get(key, now_s)))

    def get(self, now_s: float) -> QueuedKey | None:
        """Take the key that has been due longest, until `done` is called for it; None if no key is due."""
        first = self._first()
        if first is None or first[0] > now_s:
            return None
        due_s, key = heapq.heappop(self._heap)
        del self._due_s[key]
        self._processing.add(key)
        return QueuedKey(key, now_s - due_s)

    def done(self, key: Key, now_s: float, *, succeeded: bool, requeue_after_s: float | None = None) -> None:
        """Finish processing a key; queue it again after a failure, or if `requeue_after_s` is given."""
        self._processing.discard(key)
        self._not_before_s = {recent: time_s for recent, time_s in self._not_before_s.items() if time_s > now_s}
        if succeeded:
            self._failures.pop(key, None)
            self._not_before_s[key] = now_s + DEBOUNCE_S
            if requeue_after_s is not None:
                self._push(key, now_s + requeue_after_s)
        else:
            self._push(key, now_s + self._retry_delay_s(key))
            self._not_before_s[key] = now_s + BASE_DELAY_S
        if key in self._dirty:
            self._dirty.discard(key)
            self.add(key, now_s)

    def next_due_s(self) -> float | None:
        """The time at which the next key is due; None if the queue is empty."""
        first = self._first()
        return None if first is None else first[0]

    def depth(self, now_s: float) -> int:
        """The number of keys that are due."""
        return sum(due_s <= now_s for due_s in self._due_s.values())

    def __len__(self) -> int:
        return len(self._due_s)

    def _push(self, key: Key, due_s: float) -> None:
        """Make a key due at a time, unless it is due earlier."""
        if due_s < self._due_s.get(key, due_s + 1):
            self._due_s[key] = due_s
            heapq.heappush(self._heap, (due_s, key))

    def _first(self) -> tuple[float, Key] | None:
        """The earliest entry, after dropping outdated entries of keys that were moved forward."""
        while self._heap and self._due_s.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0] if self._heap else None

    def _retry_delay_s(self, key: Key) -> float:
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        # 2 ** 9 s exceeds MAX_DELAY_S; the exponent is bounded because the number of failures is not.
        longest_s = min(BASE_DELAY_S * 2 ** min(failures, 9), MAX_DELAY_S)
        return longest_s * (0.5 + self.jitter() / 2)
