"""A short clip overtakes a long recording, and nobody starves."""

from __future__ import annotations

from dataclasses import dataclass

from sd_engine.device.schedule import PATIENCE_S, Schedule


@dataclass(eq=False)
class Request:
    """A request as the schedule sees it."""

    remaining_s: float
    last_served: float = 0.0


def remaining_s(request: Request) -> float:
    return request.remaining_s


def test_the_shortest_goes_first() -> None:
    long, short, middle = Request(100), Request(1), Request(10)

    assert Schedule().order([long, short, middle], remaining_s, now=1.0) == [short, middle, long]


def test_who_has_waited_too_long_gets_every_other_turn() -> None:
    long, short = Request(100), Request(1)
    schedule = Schedule()
    now = PATIENCE_S + 1

    firsts = [schedule.order([long, short], remaining_s, now)[0] for _ in range(4)]

    assert firsts == [long, short, long, short]


def test_whoever_was_served_is_patient_again() -> None:
    long, short = Request(100), Request(1)
    schedule = Schedule()
    now = PATIENCE_S + 1
    assert schedule.order([long, short], remaining_s, now)[0] is long
    long.last_served = short.last_served = now

    firsts = [schedule.order([long, short], remaining_s, now + PATIENCE_S / 2)[0] for _ in range(3)]

    assert firsts == [short, short, short]


def test_of_many_impatient_the_longest_waiting_goes_first() -> None:
    first, second, short = Request(100, last_served=1), Request(90, last_served=0), Request(1, last_served=9)

    assert Schedule().order([first, second, short], remaining_s, now=10)[0] is second


def test_every_long_one_gets_its_turn_under_a_stream_of_short_ones() -> None:
    """Ten long recordings and, at any time, a short clip: after a while each long one has been served."""
    longs = [Request(1000) for _ in range(10)]
    schedule, now = Schedule(), 0.0
    served = set()
    for _ in range(100):
        now += 0.5
        clip = Request(0.5, last_served=now)
        first = schedule.order([*longs, clip], remaining_s, now)[0]
        first.last_served = now
        served.add(id(first))

    assert {id(long) for long in longs} <= served
