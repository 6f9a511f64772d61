"""Workers take every key to its end, side by side, whatever a reconcile does."""

import asyncio
import logging
from collections import Counter

import pytest
from sd_operator.kube.cache import Key
from sd_operator.kube.errors import UnavailableError
from sd_operator.metrics import Metrics
from sd_operator.workqueue.queue import Queue, Reconcile

KEYS = [Key("default", f"service-{number}") for number in range(20)]


async def work(reconcile: Reconcile, until: asyncio.Event, metrics: Metrics, keys: list[Key]) -> None:
    """Runs a queue with four workers until the event, or for five seconds."""
    queue = Queue(reconcile, metrics)
    running = asyncio.create_task(queue.run(4, keys))
    await asyncio.wait_for(until.wait(), 5)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_every_key_is_worked_on_once_and_four_at_a_time() -> None:
    seen, busy, most, done = Counter[Key](), 0, 0, asyncio.Event()

    async def reconcile(key: Key) -> None:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0.01)
        busy -= 1
        seen[key] += 1
        if seen.total() == len(KEYS):
            done.set()

    await work(reconcile, done, Metrics(), KEYS + KEYS)
    assert seen == Counter(KEYS)
    assert most == 4


async def test_an_error_in_one_key_is_logged_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    fine, done = set[Key](), asyncio.Event()

    async def reconcile(key: Key) -> None:
        if key == KEYS[0]:
            raise UnavailableError("The API server does not answer.")
        if key == KEYS[1]:
            raise ZeroDivisionError
        fine.add(key)
        if len(fine) == len(KEYS) - 2:
            done.set()

    metrics = Metrics()
    with caplog.at_level(logging.WARNING):
        await work(reconcile, done, metrics, KEYS)
    assert "The API server does not answer. (it will be tried again)" in caplog.messages
    assert "The operator could not work on it; it will be tried again." in caplog.messages
    page = metrics.render().decode()
    assert 'controller_runtime_reconcile_total{controller="diarizationservice",result="error"} 2.0' in page
    assert 'controller_runtime_reconcile_total{controller="diarizationservice",result="success"} 18.0' in page
    assert 'controller_runtime_reconcile_errors_total{controller="diarizationservice"} 2.0' in page
    assert 'controller_runtime_reconcile_panics_total{controller="diarizationservice"} 1.0' in page
    assert 'workqueue_retries_total{name="diarizationservice"} 2.0' in page
    assert 'workqueue_adds_total{name="diarizationservice"} 20.0' in page


async def test_what_failed_comes_back_by_itself() -> None:
    looks, done = 0, asyncio.Event()

    async def reconcile(_key: Key) -> None:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise UnavailableError("later")
        done.set()

    await work(reconcile, done, Metrics(), KEYS[:1])
    assert looks == 2


async def test_a_reconcile_under_way_ends_with_its_worker() -> None:
    started, ended = asyncio.Event(), asyncio.Event()

    async def reconcile(_key: Key) -> None:
        started.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    await work(reconcile, started, Metrics(), KEYS[:1])
    await asyncio.wait_for(ended.wait(), 1)


async def test_what_asks_to_be_looked_at_again_is(caplog: pytest.LogCaptureFixture) -> None:
    looks, done, metrics = 0, asyncio.Event(), Metrics()

    async def reconcile(_key: Key) -> float:
        nonlocal looks
        looks += 1
        if looks == 2:
            done.set()
        return 0.01

    await work(reconcile, done, metrics, KEYS[:1])
    page = metrics.render().decode()
    assert looks == 2
    assert 'reconcile_total{controller="diarizationservice",result="requeue_after"}' in page
    assert "workqueue_retries_total{" not in page
    assert caplog.messages == []


async def test_without_workers_nothing_is_kept() -> None:
    metrics = Metrics()

    async def reconcile(_key: Key) -> None:
        raise AssertionError("Nobody works.")

    queue = Queue(reconcile, metrics)
    queue.add(KEYS[0])
    assert 'workqueue_depth{name="diarizationservice"} 0.0' in metrics.render().decode()
    assert "workqueue_adds_total{name" not in metrics.render().decode()


async def test_looks_that_have_ended_and_looks_under_way_are_measured() -> None:
    now_s, metrics, go, waiting = [100.0], Metrics(), asyncio.Event(), asyncio.Event()

    async def reconcile(key: Key) -> None:
        if key == KEYS[2]:
            waiting.set()
        await (go.wait() if key == KEYS[0] else asyncio.sleep(60))

    queue = Queue(reconcile, metrics, clock=lambda: now_s[0])
    running = asyncio.create_task(queue.run(3, KEYS[:3]))
    await asyncio.wait_for(waiting.wait(), 5)
    now_s[0] = 103.0
    go.set()
    for _ in range(20):
        await asyncio.sleep(0)  # a turn of the loop
    now_s[0] = 107.0
    page = metrics.render().decode()
    running.cancel()
    assert 'workqueue_work_duration_seconds_sum{name="diarizationservice"} 3.0' in page
    assert 'workqueue_longest_running_processor_seconds{name="diarizationservice"} 7.0' in page
    assert 'workqueue_unfinished_work_seconds{name="diarizationservice"} 14.0' in page
    assert 'controller_runtime_active_workers{controller="diarizationservice"} 2.0' in page
    assert 'controller_runtime_max_concurrent_reconciles{controller="diarizationservice"} 3.0' in page
