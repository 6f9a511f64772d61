"""The time that a run has in all, and for each file."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass

from sd_model_store.errors import HubUnreachableError


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait, in seconds: for the next byte, for a whole file, for all of it."""

    silence_s: float = 10.0
    file_s: float = 900.0
    total_s: float = 3600.0


class Deadline:
    """Asked before every request and at every piece that arrives: a trickle is never silent, and never done either."""

    def __init__(self, timeouts: Timeouts, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._timeouts = timeouts
        self._clock_s = clock_s
        self._all_ends_s = clock_s() + timeouts.total_s
        self._file: tuple[str, float] | None = None

    @contextmanager
    def of_file(self, name: str) -> Generator[None]:
        """What happens inside belongs to this file."""
        self._file = (name, self._clock_s() + self._timeouts.file_s)
        try:
            yield
        finally:
            self._file = None

    def left_s(self) -> float:
        return max(0.0, self._all_ends_s - self._clock_s())

    def check(self) -> None:
        """Nothing, while there is time.

        Raises:
            HubUnreachableError: it is up.
        """
        now_s = self._clock_s()
        if now_s >= self._all_ends_s:
            raise _too_slow("The download was", self._timeouts.total_s)
        if self._file is not None and now_s >= self._file[1]:
            raise _too_slow(f"{self._file[0]} was", self._timeouts.file_s)


def _too_slow(what: str, seconds: float) -> HubUnreachableError:
    return HubUnreachableError(
        f"{what} not finished within {seconds:g} s. What has arrived is kept, and the next run goes on from there; "
        "if the line is that slow, allow it more time."
    )
