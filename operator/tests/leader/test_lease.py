"""What to do about the Lease follows from what was seen of it, and from no clock but one's own."""

from datetime import UTC, datetime

import pytest
from sd_operator.leader.lease import (
    ANSWER_WITHIN_S,
    LEASE_S,
    RENEW_S,
    RETRY_S,
    Sighting,
    Step,
    fresh,
    held,
    holder_of,
    released,
    sighting,
    step,
    wait_s,
)
from sd_operator.resources import Manifest

MORNING, EVENING = datetime(2026, 1, 1, 8, tzinfo=UTC), datetime(2026, 1, 1, 20, tzinfo=UTC)
NEW = fresh("sd-triton", "sd-triton-operator")
MINE, THEIRS = held(NEW, "me", MORNING), held(NEW, "them", MORNING)
SINCE_100 = Sighting((), 100.0)


@pytest.mark.parametrize(
    ("lease", "now_s", "expected"),
    [
        (NEW, 100.0, Step.TAKE),
        (released(THEIRS), 100.0, Step.TAKE),
        (MINE, 100.0, Step.RENEW),
        (MINE, 1000.0, Step.RENEW),
        (THEIRS, 100.0, Step.WAIT),
        (THEIRS, 100.0 + LEASE_S - 0.01, Step.WAIT),
        (THEIRS, 100.0 + LEASE_S, Step.TAKE),
        (NEW | {"spec": None}, 100.0, Step.TAKE),
    ],
)
def test_a_lease_is_taken_when_nobody_has_it_or_it_has_not_changed_for_long(
    lease: Manifest, now_s: float, expected: Step
) -> None:
    assert step(lease, SINCE_100, "me", now_s) is expected


def test_a_lease_is_as_old_as_the_time_since_it_was_seen_to_change() -> None:
    first = sighting(None, THEIRS, 100.0)
    assert sighting(first, THEIRS, 105.0).since_s == 100.0
    renewed = held(THEIRS, "them", EVENING)
    assert sighting(first, renewed, 105.0).since_s == 105.0


def test_what_others_write_beside_it_does_not_keep_a_lease_alive() -> None:
    first = sighting(None, THEIRS, 100.0)
    annotated = THEIRS | {"metadata": THEIRS["metadata"] | {"annotations": {"a": "b"}, "resourceVersion": "9"}}
    assert sighting(first, annotated, 105.0) == first


def test_a_holder_with_a_wrong_clock_is_neither_trusted_nor_mistrusted() -> None:
    yesterday = held(NEW, "them", datetime(2000, 1, 1, tzinfo=UTC))
    tomorrow = held(NEW, "them", datetime(2100, 1, 1, tzinfo=UTC))
    for lease in (yesterday, tomorrow):
        seen = sighting(None, lease, 100.0)
        assert step(lease, seen, "me", 100.0 + LEASE_S - 1) is Step.WAIT
        assert step(lease, seen, "me", 100.0 + LEASE_S) is Step.TAKE


def test_who_waits_is_there_when_the_lease_runs_out() -> None:
    assert wait_s(Step.WAIT, SINCE_100, 100.0) == RETRY_S
    assert wait_s(Step.WAIT, SINCE_100, 100.0 + LEASE_S - 0.4) == pytest.approx(0.4)
    assert wait_s(Step.RENEW, SINCE_100, 100.0) == RETRY_S


def test_a_renewal_keeps_since_when_it_is_held_and_a_take_over_is_counted() -> None:
    renewed = held(MINE, "me", EVENING)["spec"]
    assert (renewed["acquireTime"], renewed["renewTime"]) == (
        "2026-01-01T08:00:00.000000Z",
        "2026-01-01T20:00:00.000000Z",
    )
    taken = held(MINE, "them", EVENING)["spec"]
    assert (taken["holderIdentity"], taken["acquireTime"]) == ("them", "2026-01-01T20:00:00.000000Z")
    assert (MINE["spec"]["leaseTransitions"], renewed["leaseTransitions"], taken["leaseTransitions"]) == (1, 1, 2)


def test_a_released_lease_has_no_holder_and_keeps_the_rest() -> None:
    lease = released(MINE)
    assert holder_of(lease) == ""
    assert lease["spec"]["leaseTransitions"] == 1
    assert holder_of(MINE) == "me"


def test_the_times_leave_no_gap_in_which_two_may_write() -> None:
    assert RENEW_S + ANSWER_WITHIN_S < LEASE_S
    assert 3 * ANSWER_WITHIN_S <= RENEW_S
    worst_s = RETRY_S + ANSWER_WITHIN_S + LEASE_S + ANSWER_WITHIN_S
    assert worst_s < 20
