"""A pod may go after five seconds, once nothing has been in flight for one."""

from __future__ import annotations

import pytest
from sd_engine.serving import drain
from sd_engine.serving.admission import Admission


@pytest.mark.parametrize(
    ("waited_s", "idle_s", "goes"), [(0, 60, False), (4.9, 60, False), (5, 0.9, False), (5, 1, True), (3600, 0, False)]
)
def test_when_a_pod_may_go(waited_s: float, idle_s: float, goes: bool) -> None:  # noqa: FBT001
    assert drain.may_go(waited_s=waited_s, idle_s=idle_s) == goes


class Clock:
    """Time that passes only by sleeping; at `leaves_at_s` the last request leaves."""

    def __init__(self, leaves_at_s: float) -> None:
        self.now_s = 0.0
        self._leaves_at_s = leaves_at_s
        self.admission = Admission(max_request_bytes=1, max_queued_audio_s=1, clock=self)
        self._ticket = self.admission.admit(1)

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, duration_s: float) -> None:
        self.now_s += duration_s
        if self._ticket and self.now_s >= self._leaves_at_s:
            self._ticket = self._ticket.__exit__(None, None, None)


@pytest.mark.parametrize(("leaves_at_s", "waited_s"), [(1, 5), (4.5, 5.5), (30, 31)])
def test_a_drain_waits_for_the_last_request(leaves_at_s: float, waited_s: float) -> None:
    clock = Clock(leaves_at_s)

    assert drain.wait(clock.admission, clock, clock.sleep) == pytest.approx(waited_s, abs=0.25)
