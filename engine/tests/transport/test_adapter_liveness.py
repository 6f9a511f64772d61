"""Some but not all adapters for ten seconds: one of them is dead."""

from __future__ import annotations

import pytest
from sd_engine.transport.adapter_liveness import PATIENCE_S, Adapters


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def joined(clock: Clock, *names: str) -> Adapters:
    adapters = Adapters(expected=3, clock=clock)
    for name in names:
        adapters.join(name)
    return adapters


@pytest.mark.parametrize(
    ("names", "waited_s", "complains"),
    [
        ([], 60, False),
        (["a"], PATIENCE_S - 0.1, False),
        (["a"], PATIENCE_S, True),
        (["a", "b"], PATIENCE_S, True),
        (["a", "a"], PATIENCE_S, True),
        (["a", "b", "c"], 60, False),
    ],
)
def test_only_some_for_long_is_a_complaint(clock: Clock, names: list[str], waited_s: float, complains: bool) -> None:  # noqa: FBT001
    adapters = joined(clock, *names)
    clock.now_s += waited_s

    assert (adapters.complaint() is not None) == complains


def test_the_complaint_says_how_many_are_missing_and_what_to_do(clock: Clock) -> None:
    adapters = joined(clock, "a", "b")
    clock.now_s += 12

    assert adapters.complaint() == "Only 2 of 3 adapters have been connected for 12 s; Triton must be restarted."


def test_a_dead_adapter_is_noticed_after_all_were_there(clock: Clock) -> None:
    adapters = joined(clock, "a", "b", "c")
    clock.now_s += 100
    adapters.leave("b")
    clock.now_s += PATIENCE_S - 1
    assert adapters.complaint() is None
    clock.now_s += 1
    assert adapters.complaint() is not None


def test_a_restart_of_triton_begins_a_new_wait(clock: Clock) -> None:
    adapters = joined(clock, "a", "b")
    clock.now_s += 9
    adapters.leave("a")
    adapters.leave("b")
    adapters.join("a")
    clock.now_s += 9
    assert adapters.complaint() is None


def test_an_adapter_that_reconnects_before_its_old_connection_ends_is_one(clock: Clock) -> None:
    adapters = joined(clock, "a", "b", "c")
    adapters.join("a")
    adapters.leave("a")
    clock.now_s += PATIENCE_S
    assert (adapters.connected(), adapters.complaint()) == (3, None)
