"""The queue returns keys immediately, combines bursts, returns no key twice at a time, and backs off after failures."""

import pytest
from sd_operator.kube.cache import Key
from sd_operator.workqueue.rate_limiting_queue import (
    BASE_DELAY_S,
    DEBOUNCE_S,
    MAX_DELAY_S,
    QueuedKey,
    RateLimitingQueue,
)

A, B = Key("default", "a"), Key("default", "b")


@pytest.fixture
def queue() -> RateLimitingQueue:
    """A queue whose delays have their full length."""
    return RateLimitingQueue(jitter=lambda: 1.0)


def get(queue: RateLimitingQueue, now_s: float) -> Key | None:
    """The next due key."""
    queued = queue.get(now_s)
    return None if queued is None else queued.key


def process(
    queue: RateLimitingQueue, key: Key, now_s: float, *, succeeded: bool, requeue_after_s: float | None = None
) -> None:
    """Take a due key and finish it at the same time."""
    assert get(queue, now_s) == key
    queue.done(key, now_s, succeeded=succeeded, requeue_after_s=requeue_after_s)


def test_the_first_event_makes_a_key_due_immediately(queue: RateLimitingQueue) -> None:
    queue.add(A, 10.0)
    assert queue.get(10.0) == QueuedKey(A, 0.0)
    assert queue.get(10.0) is None


def test_a_key_is_queued_once(queue: RateLimitingQueue) -> None:
    for _ in range(50):
        queue.add(A, 0.0)
    assert len(queue) == 1


def test_the_key_that_has_been_due_longest_comes_first(queue: RateLimitingQueue) -> None:
    queue.add(B, 1.0)
    queue.add(A, 2.0)
    assert [queue.get(3.0), queue.get(3.0)] == [QueuedKey(B, 2.0), QueuedKey(A, 1.0)]


def test_a_key_is_not_returned_while_it_is_being_processed(queue: RateLimitingQueue) -> None:
    queue.add(A, 0.0)
    assert get(queue, 0.0) == A
    queue.add(A, 0.5)
    assert queue.get(5.0) is None
    queue.done(A, 5.0, succeeded=True)
    assert queue.get(5.0) is None
    assert get(queue, 5.0 + DEBOUNCE_S) == A


def test_a_burst_of_events_is_combined_into_one_reconcile(queue: RateLimitingQueue) -> None:
    queue.add(A, 0.0)
    process(queue, A, 0.0, succeeded=True)
    for event in range(50):
        queue.add(A, event / 1000)
    assert queue.next_due_s() == DEBOUNCE_S
    process(queue, A, DEBOUNCE_S, succeeded=True)
    assert queue.next_due_s() is None


def test_the_delay_of_a_failing_key_doubles_up_to_the_maximum(queue: RateLimitingQueue) -> None:
    now_s, delays_s = 0.0, list[float]()
    queue.add(A, now_s)
    for _ in range(11):
        process(queue, A, now_s, succeeded=False)
        due_s = queue.next_due_s() or 0
        delays_s.append(due_s - now_s)
        now_s = due_s
    assert delays_s == [1, 2, 4, 8, 16, 32, 64, 128, 256, MAX_DELAY_S, MAX_DELAY_S]


def test_a_success_resets_the_backoff(queue: RateLimitingQueue) -> None:
    queue.add(A, 0.0)
    process(queue, A, 0.0, succeeded=False)
    process(queue, A, 1.0, succeeded=False)
    process(queue, A, 3.0, succeeded=True)
    queue.add(A, 10.0)
    process(queue, A, 10.0, succeeded=False)
    assert queue.next_due_s() == 11.0


def test_an_event_shortens_a_backoff_to_the_base_delay(queue: RateLimitingQueue) -> None:
    queue.add(A, 0.0)
    for now_s in (0.0, 1.0, 3.0, 7.0):
        process(queue, A, now_s, succeeded=False)
    assert queue.next_due_s() == 15.0
    queue.add(A, 7.1)
    assert queue.next_due_s() == 7.0 + BASE_DELAY_S
    queue.add(A, 9.0)
    assert queue.next_due_s() == 7.0 + BASE_DELAY_S


def test_jitter_shortens_a_delay_by_half_at_most() -> None:
    queue = RateLimitingQueue(jitter=lambda: 0.0)
    queue.add(A, 0.0)
    process(queue, A, 0.0, succeeded=False)
    assert queue.next_due_s() == BASE_DELAY_S / 2


def test_a_key_does_not_wait_for_the_backoff_of_another(queue: RateLimitingQueue) -> None:
    queue.add(A, 0.0)
    process(queue, A, 0.0, succeeded=False)
    queue.add(B, 0.1)
    assert get(queue, 0.1) == B


def test_a_key_is_requeued_after_the_requested_delay(queue: RateLimitingQueue) -> None:
    queue.add(A, 0.0)
    process(queue, A, 0.0, succeeded=True, requeue_after_s=8.0)
    assert queue.next_due_s() == 8.0
    process(queue, A, 8.0, succeeded=True)
    assert queue.next_due_s() is None


def test_an_event_replaces_a_later_requeue(queue: RateLimitingQueue) -> None:
    queue.add(A, 0.0)
    process(queue, A, 0.0, succeeded=True, requeue_after_s=8.0)
    queue.add(A, 1.0)
    assert queue.next_due_s() == 1.0
    process(queue, A, 1.0, succeeded=True)
    assert queue.next_due_s() is None


def test_the_depth_counts_only_due_keys(queue: RateLimitingQueue) -> None:
    queue.add(A, 0.0)
    process(queue, A, 0.0, succeeded=False)
    queue.add(B, 0.5)
    assert (len(queue), queue.depth(0.5), queue.depth(1.0)) == (2, 1, 2)


def test_thousands_of_keys_are_returned_in_order(queue: RateLimitingQueue) -> None:
    keys = [Key("default", f"service-{number:04}") for number in range(5000)]
    for second, key in enumerate(keys):
        queue.add(key, float(5000 - second))
    assert [get(queue, 5000.0) for _ in keys] == keys[::-1]
