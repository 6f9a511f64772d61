"""Scheduling: shortest remaining work first, without starvation."""

from __future__ import annotations

from dataclasses import dataclass

from sd_engine.device.schedule import STARVATION_AFTER_S, Scheduler


@dataclass(eq=False)
class Job:
    """A job with the attributes that the scheduler reads."""

    remaining_s: float
    last_served_at: float = 0.0


def remaining_s(job: Job) -> float:
    return job.remaining_s


def test_the_shortest_remaining_work_goes_first() -> None:
    long, short, middle = Job(100), Job(1), Job(10)

    assert Scheduler().order([long, short, middle], remaining_s, now=1.0) == [short, middle, long]


def test_a_starving_job_gets_every_other_batch() -> None:
    long, short = Job(100), Job(1)
    scheduler = Scheduler()
    now = STARVATION_AFTER_S + 1

    firsts = [scheduler.order([long, short], remaining_s, now)[0] for _ in range(4)]

    assert firsts == [long, short, long, short]


def test_a_job_that_was_served_is_not_starving() -> None:
    long, short = Job(100), Job(1)
    scheduler = Scheduler()
    now = STARVATION_AFTER_S + 1
    assert scheduler.order([long, short], remaining_s, now)[0] is long
    long.last_served_at = short.last_served_at = now

    firsts = [scheduler.order([long, short], remaining_s, now + STARVATION_AFTER_S / 2)[0] for _ in range(3)]

    assert firsts == [short, short, short]


def test_the_job_that_has_starved_longest_goes_first() -> None:
    first, second, short = Job(100, last_served_at=1), Job(90, last_served_at=0), Job(1, last_served_at=9)

    assert Scheduler().order([first, second, short], remaining_s, now=10)[0] is second


def test_all_long_recordings_are_served_under_a_stream_of_short_clips() -> None:
    longs = [Job(1000) for _ in range(10)]
    scheduler, now = Scheduler(), 0.0
    served = set()
    for _ in range(100):
        now += 0.5
        clip = Job(0.5, last_served_at=now)
        first = scheduler.order([*longs, clip], remaining_s, now)[0]
        first.last_served_at = now
        served.add(id(first))

    assert {id(long) for long in longs} <= served
