"""Drain for Kubernetes' preStop hook: wait until a pod that is being deleted has no request in flight.

Waiting changes no state: the engine still accepts requests, as clients may send some until the endpoints are withdrawn.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from sd_engine.serving.admission import AdmissionController

MIN_WAIT_S = 5.0
"""Kubernetes withdraws the pod's endpoints within this time; until then proxies and clients send new requests."""
MIN_IDLE_S = 1.0
_POLL_S = 0.1


def is_drained(*, waited_s: float, idle_s: float) -> bool:
    """Return True if the pod may stop."""
    return waited_s >= MIN_WAIT_S and idle_s >= MIN_IDLE_S


def wait(
    admission: AdmissionController,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> float:
    """Wait until the pod may stop and return the seconds waited. The pod's grace period limits the time."""
    started = clock()
    while not is_drained(waited_s=clock() - started, idle_s=admission.idle_s()):
        sleep(_POLL_S)
    return clock() - started
