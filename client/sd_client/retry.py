"""Trying again, a bounded number of times, with growing pauses."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from sd_client.errors import BusyError, ConnectionFailedError

Answer = TypeVar("Answer")

DEFAULT_RETRIES = 8  # about 40 s in all, 20 s at least: the service replaces a lost engine within that
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 8.0

log = logging.getLogger("sd_client")


def pauses_s(retries: int, jitter: Callable[[float, float], float] = random.uniform) -> Iterator[float]:
    """The pause before each further try: doubling, capped, and spread so that callers do not come back together."""
    for attempt in range(retries):
        yield min(_FIRST_PAUSE_S * 2**attempt, _LONGEST_PAUSE_S) * jitter(0.5, 1.5)


def with_retries(ask: Callable[[], Answer], pauses: Iterator[float], deadline_s: float) -> Answer:
    """Calls `ask` until it answers, as long as there are pauses and none reaches past `deadline_s` (monotonic)."""
    while True:
        try:
            return ask()
        except (BusyError, ConnectionFailedError) as error:
            pause_s = next(pauses, None)
            if pause_s is None or time.monotonic() + pause_s >= deadline_s:
                raise
            log.warning("%s Trying again in %.1f s.", error, pause_s)
        time.sleep(pause_s)
