"""Retries with exponential backoff, within a deadline."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from sd_client.errors import ConnectionFailedError, ServiceUnavailableError

Response = TypeVar("Response")

DEFAULT_RETRIES = 8  # at least 20 s, about 40 s on average: a service replaces a lost engine within that time
_FIRST_DELAY_S = 0.5
_MAX_DELAY_S = 8.0

log = logging.getLogger("sd_client")


def backoff_delays_s(retries: int, jitter: Callable[[float, float], float] = random.uniform) -> Iterator[float]:
    """Yield the delay before each retry: doubling, capped, and with jitter so that clients do not retry together."""
    for attempt in range(retries):
        yield min(_FIRST_DELAY_S * 2**attempt, _MAX_DELAY_S) * jitter(0.5, 1.5)


def with_retries(send: Callable[[], Response], delays_s: Iterator[float], deadline_s: float) -> Response:
    """Call `send` until it succeeds, as long as there are delays and none ends after `deadline_s` (monotonic)."""
    while True:
        try:
            return send()
        except (ServiceUnavailableError, ConnectionFailedError) as error:
            delay_s = next(delays_s, None)
            if delay_s is None or time.monotonic() + delay_s >= deadline_s:
                raise
            log.warning("%s Trying again in %.1f s.", error, delay_s)
        time.sleep(delay_s)
