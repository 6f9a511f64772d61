"""Retries: bounded in number, with exponential backoff and jitter, within the deadline."""

from __future__ import annotations

import time

import pytest
from sd_client.errors import ConnectionFailedError, InvalidRequestError, SdError, ServiceUnavailableError
from sd_client.retry import backoff_delays_s, with_retries

FAR_DEADLINE_S = time.monotonic() + 3600


class Service:
    """Raises each of `failures`, then responds."""

    def __init__(self, *failures: SdError) -> None:
        self.failures = list(failures)
        self.calls = 0

    def send(self) -> str:
        self.calls += 1
        if self.failures:
            raise self.failures.pop(0)
        return "response"


def test_delays_double_up_to_a_maximum() -> None:
    assert list(backoff_delays_s(6, lambda _low, _high: 1.0)) == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]


def test_delays_have_jitter() -> None:
    assert list(backoff_delays_s(2, lambda low, _high: low)) == [0.25, 0.5]
    assert list(backoff_delays_s(2, lambda _low, high: high)) == [0.75, 1.5]


def test_a_response_after_two_failures_is_returned() -> None:
    service = Service(ServiceUnavailableError("Full."), ConnectionFailedError("Reset."))
    assert with_retries(service.send, iter([0.0, 0.0]), FAR_DEADLINE_S) == "response"
    assert service.calls == 3


def test_the_last_failure_is_raised_after_the_last_retry() -> None:
    service = Service(
        ServiceUnavailableError("first"), ServiceUnavailableError("second"), ServiceUnavailableError("third")
    )
    with pytest.raises(ServiceUnavailableError, match="second"):
        with_retries(service.send, iter([0.0]), FAR_DEADLINE_S)


def test_an_error_that_a_retry_cannot_fix_is_raised() -> None:
    service = Service(InvalidRequestError("Not base64."))
    with pytest.raises(InvalidRequestError):
        with_retries(service.send, iter([0.0]), FAR_DEADLINE_S)
    assert service.calls == 1


def test_a_delay_that_ends_after_the_deadline_is_not_begun() -> None:
    service = Service(ServiceUnavailableError("Full."))
    with pytest.raises(ServiceUnavailableError):
        with_retries(service.send, iter([60.0]), time.monotonic() + 5)
    assert service.calls == 1


def test_each_retry_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with_retries(Service(ServiceUnavailableError("It is full.")).send, iter([0.01]), FAR_DEADLINE_S)
    assert caplog.messages == ["It is full. Trying again in 0.0 s."]
