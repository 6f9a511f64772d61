"""Scheduling of the device: shortest remaining work first, with ageing against starvation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

STARVATION_AFTER_S = 2.0
"""A job that has not been in a batch for this long is starving."""


class Schedulable(Protocol):
    """A job with work left for the device."""

    last_served_at: float
    """Monotonic time of the job's last batch, or of its arrival."""


Job = TypeVar("Job", bound=Schedulable)


class Scheduler:
    """Orders jobs so that a short clip overtakes a long recording and no job starves.

    At most every other batch goes to a starving job; the shortest jobs keep at least half of the device.
    """

    def __init__(self) -> None:
        self._last_was_starving = False

    def order(self, jobs: Sequence[Job], remaining_s: Callable[[Job], float], now: float) -> list[Job]:
        """Return the jobs in the order in which they enter the next batch. To be called once per batch."""
        shortest_first = sorted(jobs, key=remaining_s)
        oldest = min(jobs, key=lambda job: job.last_served_at)
        self._last_was_starving = not self._last_was_starving and now - oldest.last_served_at > STARVATION_AFTER_S
        if not self._last_was_starving:
            return shortest_first
        return [oldest, *(job for job in shortest_first if job is not oldest)]
