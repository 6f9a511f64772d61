"""Timeouts of a run, and a deadline for the whole run and for each file."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass

from sd_model_store.errors import HubUnreachableError


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Timeouts in seconds: without received data, for one file, and for the whole run."""

    idle_s: float = 10.0
    file_s: float = 900.0
    total_s: float = 3600.0


class Deadline:
    """Deadline of a run; checked before every request and after every received chunk.

    An idle timeout alone would never end a very slow transfer.
    """

    def __init__(self, timeouts: Timeouts, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._timeouts = timeouts
        self._clock_s = clock_s
        self._run_ends_s = clock_s() + timeouts.total_s
        self._file: tuple[str, float] | None = None

    @contextmanager
    def for_file(self, name: str) -> Generator[None]:
        """Apply the timeout of one file inside the block; `name` appears in the error message."""
        self._file = (name, self._clock_s() + self._timeouts.file_s)
        try:
            yield
        finally:
            self._file = None

    def remaining_s(self) -> float:
        """Return the seconds left for the whole run, at least 0."""
        return max(0.0, self._run_ends_s - self._clock_s())

    def check(self) -> None:
        """Check that neither the run nor the current file has exceeded its timeout.

        Raises:
            HubUnreachableError: A timeout is exceeded.
        """
        now_s = self._clock_s()
        if now_s >= self._run_ends_s:
            raise _timed_out("The download", self._timeouts.total_s)
        if self._file is not None and now_s >= self._file[1]:
            raise _timed_out(f"The download of {self._file[0]}", self._timeouts.file_s)


def _timed_out(subject: str, seconds: float) -> HubUnreachableError:
    return HubUnreachableError(
        f"{subject} did not finish within {seconds:g} s. Downloaded data is kept, and the next run resumes it. "
        "Increase the timeout if the connection is slow."
    )
