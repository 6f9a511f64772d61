"""Rejected requests are retried soon; with many services the rate of retries is that of forty."""

from sd_operator.kube.cache import Key
from sd_operator.reconcile.retry_backoff import RETRIES_PER_S, RETRY_DELAY_S, RetryBackoff


def retried(number: int) -> RetryBackoff:
    """Return the backoff while this number of services is retried."""
    backoff = RetryBackoff()
    for each in range(number):
        backoff.update(Key("default", f"demo-{each}"), is_retried=True)
    return backoff


def test_one_service_is_retried_within_ten_seconds() -> None:
    assert retried(0).delay_s(Key("default", "demo")) == RETRY_DELAY_S <= 10


def test_many_services_share_one_rate() -> None:
    assert retried(39).delay_s(Key("default", "demo")) == RETRY_DELAY_S
    assert retried(399).delay_s(Key("default", "demo")) == 400 / RETRIES_PER_S


def test_a_service_counts_once() -> None:
    backoff, key = retried(399), Key("default", "demo")
    backoff.update(key, is_retried=True)
    assert backoff.delay_s(key) == 400 / RETRIES_PER_S


def test_a_service_that_has_recovered_no_longer_counts() -> None:
    backoff = retried(400)
    for number in range(361):
        backoff.update(Key("default", f"demo-{number}"), is_retried=False)
    assert backoff.delay_s(Key("default", "demo-399")) == RETRY_DELAY_S
