"""Whose turn it is on the device: the one with the least left to do, but nobody is left waiting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

PATIENCE_S = 2.0
"""A request that has had nothing of the device for so long has waited long enough."""


class Waiting(Protocol):
    """A request with work left for the device."""

    last_served: float
    """When it last had the device, or arrived."""


Candidate = TypeVar("Candidate", bound=Waiting)


class Schedule:
    """Shortest first, so that a short clip overtakes a long recording; every other turn may go to who waits longest.

    With half of the turns for the impatient nobody starves, and the short keep at least half of the device.
    """

    def __init__(self) -> None:
        self._impatient_had_last = False

    def order(
        self, waiting: Sequence[Candidate], remaining_s: Callable[[Candidate], float], now: float
    ) -> list[Candidate]:
        """Those who wait, the next one first. Counts as a turn."""
        shortest_first = sorted(waiting, key=remaining_s)
        longest_waiting = min(waiting, key=lambda candidate: candidate.last_served)
        self._impatient_had_last = not self._impatient_had_last and now - longest_waiting.last_served > PATIENCE_S
        if not self._impatient_had_last:
            return shortest_first
        return [longest_waiting, *(candidate for candidate in shortest_first if candidate is not longest_waiting)]
