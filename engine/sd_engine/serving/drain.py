"""Kubernetes' preStop: when a pod that is being deleted may go. Waits, and changes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable

from sd_engine.serving.admission import Admission

ENDPOINTS_WITHDRAWN_S = 5.0
"""Until then proxies and clients may still send new requests here."""
IDLE_S = 1.0
_LOOK_EVERY_S = 0.1


def may_go(*, waited_s: float, idle_s: float) -> bool:
    return waited_s >= ENDPOINTS_WITHDRAWN_S and idle_s >= IDLE_S


def wait(
    admission: Admission,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> float:
    """Returns the seconds it took until nothing was in flight. The pod's grace period bounds it from outside."""
    started = clock()
    while not may_go(waited_s=clock() - started, idle_s=admission.idle_s()):
        sleep(_LOOK_EVERY_S)
    return clock() - started
