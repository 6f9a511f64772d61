"""Drain: a pod may stop after five seconds, once no request has been in flight for one second."""

from __future__ import annotations

import pytest
from sd_engine.serving import drain
from sd_engine.serving.admission import AdmissionController


@pytest.mark.parametrize(
    ("waited_s", "idle_s", "drained"),
    [(0, 60, False), (4.9, 60, False), (5, 0.9, False), (5, 1, True), (3600, 0, False)],
)
def test_a_pod_is_drained_after_both_times(waited_s: float, idle_s: float, drained: bool) -> None:  # noqa: FBT001
    assert drain.is_drained(waited_s=waited_s, idle_s=idle_s) is drained


class Clock:
    """Time that passes only by sleeping; the last request ends at `ends_at_s`."""

    def __init__(self, ends_at_s: float) -> None:
        self.now_s = 0.0
        self._ends_at_s = ends_at_s
        self.admission = AdmissionController(max_request_bytes=1, max_queued_audio_s=1, clock=self)
        self._request = self.admission.admit(1)

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, duration_s: float) -> None:
        self.now_s += duration_s
        if self._request and self.now_s >= self._ends_at_s:
            self._request = self._request.__exit__(None, None, None)


@pytest.mark.parametrize(("ends_at_s", "waited_s"), [(1, 5), (4.5, 5.5), (30, 31)])
def test_a_drain_waits_for_the_last_request(ends_at_s: float, waited_s: float) -> None:
    clock = Clock(ends_at_s)

    assert drain.wait(clock.admission, clock, clock.sleep) == pytest.approx(waited_s, abs=0.25)
