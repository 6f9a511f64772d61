"""The schedule answers at once, merges bursts, never hands out one key twice, and backs off."""

import pytest
from sd_operator.kube.cache import Key
from sd_operator.workqueue.schedule import BURST_S, FIRST_RETRY_S, LAST_RETRY_S, Schedule, Turn

A, B = Key("default", "a"), Key("default", "b")


@pytest.fixture
def schedule() -> Schedule:
    """One without jitter: waits have their full length."""
    return Schedule(jitter=lambda: 1.0)


def taken(schedule: Schedule, now: float) -> Key | None:
    """The key whose turn it is."""
    turn = schedule.take(now)
    return None if turn is None else turn.key


def run(schedule: Schedule, key: Key, now: float, *, settled: bool, again_after_s: float | None = None) -> None:
    """Takes a key that is due and finishes it at once."""
    assert taken(schedule, now) == key
    schedule.finish(key, now, settled=settled, again_after_s=again_after_s)


def test_the_first_event_is_answered_at_once(schedule: Schedule) -> None:
    schedule.add(A, 10.0)
    assert schedule.take(10.0) == Turn(A, 0.0)
    assert schedule.take(10.0) is None


def test_a_key_is_in_the_queue_once(schedule: Schedule) -> None:
    for _ in range(50):
        schedule.add(A, 0.0)
    assert len(schedule) == 1


def test_the_one_that_waits_longest_comes_first(schedule: Schedule) -> None:
    schedule.add(B, 1.0)
    schedule.add(A, 2.0)
    assert [schedule.take(3.0), schedule.take(3.0)] == [Turn(B, 2.0), Turn(A, 1.0)]


def test_a_key_that_is_worked_on_is_not_handed_out_again(schedule: Schedule) -> None:
    schedule.add(A, 0.0)
    assert taken(schedule, 0.0) == A
    schedule.add(A, 0.5)
    assert schedule.take(5.0) is None
    schedule.finish(A, 5.0, settled=True)
    assert schedule.take(5.0) is None
    assert taken(schedule, 5.0 + BURST_S) == A


def test_a_burst_becomes_one_more_look(schedule: Schedule) -> None:
    schedule.add(A, 0.0)
    run(schedule, A, 0.0, settled=True)
    for event in range(50):
        schedule.add(A, event / 1000)
    assert schedule.next_due() == BURST_S
    run(schedule, A, BURST_S, settled=True)
    assert schedule.next_due() is None


def test_a_failing_key_waits_twice_as_long_each_time_up_to_a_bound(schedule: Schedule) -> None:
    now, waits = 0.0, list[float]()
    schedule.add(A, now)
    for _ in range(11):
        run(schedule, A, now, settled=False)
        due = schedule.next_due() or 0
        waits.append(due - now)
        now = due
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, LAST_RETRY_S, LAST_RETRY_S]


def test_success_forgets_the_failures(schedule: Schedule) -> None:
    schedule.add(A, 0.0)
    run(schedule, A, 0.0, settled=False)
    run(schedule, A, 1.0, settled=False)
    run(schedule, A, 3.0, settled=True)
    schedule.add(A, 10.0)
    run(schedule, A, 10.0, settled=False)
    assert schedule.next_due() == 11.0


def test_an_event_brings_a_failing_key_forward_but_not_to_a_hot_loop(schedule: Schedule) -> None:
    schedule.add(A, 0.0)
    for now in (0.0, 1.0, 3.0, 7.0):
        run(schedule, A, now, settled=False)
    assert schedule.next_due() == 15.0
    schedule.add(A, 7.1)
    assert schedule.next_due() == 7.0 + FIRST_RETRY_S
    schedule.add(A, 9.0)
    assert schedule.next_due() == 7.0 + FIRST_RETRY_S


def test_jitter_halves_a_wait_at_most() -> None:
    schedule = Schedule(jitter=lambda: 0.0)
    schedule.add(A, 0.0)
    run(schedule, A, 0.0, settled=False)
    assert schedule.next_due() == FIRST_RETRY_S / 2


def test_one_key_does_not_wait_for_another(schedule: Schedule) -> None:
    schedule.add(A, 0.0)
    run(schedule, A, 0.0, settled=False)
    schedule.add(B, 0.1)
    assert taken(schedule, 0.1) == B


def test_a_settled_key_comes_back_after_the_time_that_it_asks_for(schedule: Schedule) -> None:
    schedule.add(A, 0.0)
    run(schedule, A, 0.0, settled=True, again_after_s=8.0)
    assert schedule.next_due() == 8.0
    run(schedule, A, 8.0, settled=True)
    assert schedule.next_due() is None


def test_an_event_comes_before_a_time_that_was_asked_for(schedule: Schedule) -> None:
    schedule.add(A, 0.0)
    run(schedule, A, 0.0, settled=True, again_after_s=8.0)
    schedule.add(A, 1.0)
    assert schedule.next_due() == 1.0
    run(schedule, A, 1.0, settled=True)
    assert schedule.next_due() is None


def test_only_what_is_due_counts_as_waiting(schedule: Schedule) -> None:
    schedule.add(A, 0.0)
    run(schedule, A, 0.0, settled=False)
    schedule.add(B, 0.5)
    assert (len(schedule), schedule.due(0.5), schedule.due(1.0)) == (2, 1, 2)


def test_thousands_of_keys_are_handed_out_in_order(schedule: Schedule) -> None:
    keys = [Key("default", f"service-{number:04}") for number in range(5000)]
    for second, key in enumerate(keys):
        schedule.add(key, float(5000 - second))
    assert [taken(schedule, 5000.0) for _ in keys] == keys[::-1]
