"""Decisions of leader election depend on the observed Lease and on no clock of another machine."""

from datetime import UTC, datetime

import pytest
from sd_operator.leader.election import (
    LEASE_DURATION_S,
    RENEW_DEADLINE_S,
    REQUEST_TIMEOUT_S,
    RETRY_PERIOD_S,
    Action,
    LeaseObservation,
    delay_s,
    next_action,
    observe,
)
from sd_operator.leader.lease import acquired, new_lease, released
from sd_operator.resources import Manifest

MORNING, EVENING = datetime(2026, 1, 1, 8, tzinfo=UTC), datetime(2026, 1, 1, 20, tzinfo=UTC)
NEW = new_lease("sd-triton", "sd-triton-operator")
OWN, OTHERS = acquired(NEW, "me", MORNING), acquired(NEW, "other", MORNING)
SINCE_100 = LeaseObservation((), 100.0)


@pytest.mark.parametrize(
    ("lease", "now_s", "expected"),
    [
        (NEW, 100.0, Action.ACQUIRE),
        (released(OTHERS), 100.0, Action.ACQUIRE),
        (OWN, 100.0, Action.RENEW),
        (OWN, 1000.0, Action.RENEW),
        (OTHERS, 100.0, Action.WAIT),
        (OTHERS, 100.0 + LEASE_DURATION_S - 0.01, Action.WAIT),
        (OTHERS, 100.0 + LEASE_DURATION_S, Action.ACQUIRE),
        (NEW | {"spec": None}, 100.0, Action.ACQUIRE),
    ],
)
def test_a_lease_is_acquired_if_it_has_no_holder_or_has_expired(
    lease: Manifest, now_s: float, expected: Action
) -> None:
    assert next_action(lease, SINCE_100, "me", now_s) is expected


def test_the_age_of_a_lease_is_the_time_since_its_renewal_was_observed() -> None:
    first = observe(None, OTHERS, 100.0)
    assert observe(first, OTHERS, 105.0).since_s == 100.0
    renewed = acquired(OTHERS, "other", EVENING)
    assert observe(first, renewed, 105.0).since_s == 105.0


def test_changes_of_metadata_do_not_count_as_a_renewal() -> None:
    first = observe(None, OTHERS, 100.0)
    annotated = OTHERS | {"metadata": OTHERS["metadata"] | {"annotations": {"a": "b"}, "resourceVersion": "9"}}
    assert observe(first, annotated, 105.0) == first


def test_the_clock_of_the_holder_is_ignored() -> None:
    yesterday = acquired(NEW, "other", datetime(2000, 1, 1, tzinfo=UTC))
    tomorrow = acquired(NEW, "other", datetime(2100, 1, 1, tzinfo=UTC))
    for lease in (yesterday, tomorrow):
        observation = observe(None, lease, 100.0)
        assert next_action(lease, observation, "me", 100.0 + LEASE_DURATION_S - 1) is Action.WAIT
        assert next_action(lease, observation, "me", 100.0 + LEASE_DURATION_S) is Action.ACQUIRE


def test_a_waiting_candidate_retries_when_the_lease_expires() -> None:
    assert delay_s(Action.WAIT, SINCE_100, 100.0) == RETRY_PERIOD_S
    assert delay_s(Action.WAIT, SINCE_100, 100.0 + LEASE_DURATION_S - 0.4) == pytest.approx(0.4)
    assert delay_s(Action.RENEW, SINCE_100, 100.0) == RETRY_PERIOD_S


def test_the_durations_exclude_two_writers_and_bound_the_failover_time() -> None:
    assert RENEW_DEADLINE_S + REQUEST_TIMEOUT_S < LEASE_DURATION_S
    assert 3 * REQUEST_TIMEOUT_S <= RENEW_DEADLINE_S
    slowest_failover_s = RETRY_PERIOD_S + REQUEST_TIMEOUT_S + LEASE_DURATION_S + REQUEST_TIMEOUT_S
    assert slowest_failover_s < 20
