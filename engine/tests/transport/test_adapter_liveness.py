"""Adapter liveness: some but not all adapters connected for longer than the grace period is a failure."""

from __future__ import annotations

import pytest
from sd_engine.transport.adapter_liveness import GRACE_PERIOD_S, AdapterLiveness


class Clock:
    """A clock that a test advances."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def connected(clock: Clock, *names: str) -> AdapterLiveness:
    adapters = AdapterLiveness(expected=3, clock=clock)
    for name in names:
        adapters.add(name)
    return adapters


@pytest.mark.parametrize(
    ("names", "waited_s", "fails"),
    [
        ([], 60, False),
        (["a"], GRACE_PERIOD_S - 0.1, False),
        (["a"], GRACE_PERIOD_S, True),
        (["a", "b"], GRACE_PERIOD_S, True),
        (["a", "a"], GRACE_PERIOD_S, True),
        (["a", "b", "c"], 60, False),
    ],
)
def test_missing_adapters_are_a_failure_after_the_grace_period(
    clock: Clock,
    names: list[str],
    waited_s: float,
    fails: bool,  # noqa: FBT001 - a table
) -> None:
    adapters = connected(clock, *names)
    clock.now_s += waited_s

    assert (adapters.failure_message() is not None) == fails


def test_the_message_names_the_number_of_adapters_and_the_remedy(clock: Clock) -> None:
    adapters = connected(clock, "a", "b")
    clock.now_s += 12

    assert adapters.failure_message() == "Only 2 of 3 adapters have been connected for 12 s; Triton must be restarted."


def test_an_adapter_that_disconnects_later_is_a_failure(clock: Clock) -> None:
    adapters = connected(clock, "a", "b", "c")
    clock.now_s += 100
    adapters.remove("b")
    clock.now_s += GRACE_PERIOD_S - 1
    assert adapters.failure_message() is None
    clock.now_s += 1
    assert adapters.failure_message() is not None


def test_a_restart_of_triton_starts_a_new_grace_period(clock: Clock) -> None:
    adapters = connected(clock, "a", "b")
    clock.now_s += 9
    adapters.remove("a")
    adapters.remove("b")
    adapters.add("a")
    clock.now_s += 9
    assert adapters.failure_message() is None


def test_an_adapter_that_reconnects_before_its_old_connection_ends_counts_once(clock: Clock) -> None:
    adapters = connected(clock, "a", "b", "c")
    adapters.add("a")
    adapters.remove("a")
    clock.now_s += GRACE_PERIOD_S
    assert (adapters.connected(), adapters.failure_message()) == (3, None)
