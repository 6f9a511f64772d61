"""The retry rule: bounded, growing, spread, within the deadline."""

from __future__ import annotations

import time

import pytest
from sd_client.errors import BusyError, ConnectionFailedError, RefusedError, SdError
from sd_client.retry import pauses_s, with_retries

LONG = time.monotonic() + 3600


class Service:
    """Fails with each of `failures`, then answers."""

    def __init__(self, *failures: SdError) -> None:
        self.failures = list(failures)
        self.calls = 0

    def ask(self) -> str:
        self.calls += 1
        if self.failures:
            raise self.failures.pop(0)
        return "answer"


def test_pauses_double_up_to_a_cap() -> None:
    assert list(pauses_s(6, lambda _low, _high: 1.0)) == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]


def test_pauses_are_spread_around_their_length() -> None:
    assert list(pauses_s(2, lambda low, _high: low)) == [0.25, 0.5]
    assert list(pauses_s(2, lambda _low, high: high)) == [0.75, 1.5]


def test_an_answer_after_two_failures_is_the_answer() -> None:
    service = Service(BusyError("Full."), ConnectionFailedError("Reset."))
    assert with_retries(service.ask, iter([0.0, 0.0]), LONG) == "answer"
    assert service.calls == 3


def test_the_last_failure_is_raised_when_the_tries_are_used_up() -> None:
    service = Service(BusyError("first"), BusyError("second"), BusyError("third"))
    with pytest.raises(BusyError, match="second"):
        with_retries(service.ask, iter([0.0]), LONG)


def test_what_would_fail_again_is_not_tried_again() -> None:
    service = Service(RefusedError("Not base64."))
    with pytest.raises(RefusedError):
        with_retries(service.ask, iter([0.0]), LONG)
    assert service.calls == 1


def test_a_pause_that_reaches_past_the_deadline_is_not_begun() -> None:
    service = Service(BusyError("Full."))
    with pytest.raises(BusyError):
        with_retries(service.ask, iter([60.0]), time.monotonic() + 5)
    assert service.calls == 1


def test_each_further_try_is_announced(caplog: pytest.LogCaptureFixture) -> None:
    with_retries(Service(BusyError("It is full.")).ask, iter([0.01]), LONG)
    assert caplog.messages == ["It is full. Trying again in 0.0 s."]
