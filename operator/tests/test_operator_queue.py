"""Workers take every key to its end, side by side, whatever a reconcile does."""

import asyncio
import logging
from collections import Counter

import pytest
from sd_operator.runtime.cache import Key
from sd_operator.runtime.kube import UnreachableError
from sd_operator.runtime.metrics import Metrics
from sd_operator.runtime.queue import RETRY, SETTLED, Look, Queue, Reconcile

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

    async def reconcile(key: Key) -> Look:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0.01)
        busy -= 1
        seen[key] += 1
        if seen.total() == len(KEYS):
            done.set()
        return SETTLED

    await work(reconcile, done, Metrics(), KEYS + KEYS)
    assert seen == Counter(KEYS)
    assert most == 4


async def test_an_error_in_one_key_is_logged_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    fine, done = set[Key](), asyncio.Event()

    async def reconcile(key: Key) -> Look:
        if key == KEYS[0]:
            raise UnreachableError("The API server does not answer.")
        if key == KEYS[1]:
            raise ZeroDivisionError
        fine.add(key)
        if len(fine) == len(KEYS) - 2:
            done.set()
        return SETTLED

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


async def test_what_is_not_settled_comes_back_by_itself() -> None:
    looks, done = 0, asyncio.Event()

    async def reconcile(_key: Key) -> Look:
        nonlocal looks
        looks += 1
        if looks == 2:
            done.set()
        return SETTLED if looks == 2 else RETRY

    await work(reconcile, done, Metrics(), KEYS[:1])
    assert looks == 2


async def test_a_reconcile_under_way_ends_with_its_worker() -> None:
    started, ended = asyncio.Event(), asyncio.Event()

    async def reconcile(_key: Key) -> Look:
        started.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()
        return SETTLED

    await work(reconcile, started, Metrics(), KEYS[:1])
    await asyncio.wait_for(ended.wait(), 1)


async def test_what_asks_to_be_looked_at_again_is(caplog: pytest.LogCaptureFixture) -> None:
    looks, done, metrics = 0, asyncio.Event(), Metrics()

    async def reconcile(_key: Key) -> Look:
        nonlocal looks
        looks += 1
        if looks == 2:
            done.set()
        return Look(settled=True, again_after_s=0.01)

    await work(reconcile, done, metrics, KEYS[:1])
    page = metrics.render().decode()
    assert looks == 2
    assert 'reconcile_total{controller="diarizationservice",result="requeue_after"}' in page
    assert "workqueue_retries_total{" not in page
    assert caplog.messages == []


async def test_without_workers_nothing_is_kept() -> None:
    metrics = Metrics()

    async def reconcile(_key: Key) -> Look:
        return SETTLED

    queue = Queue(reconcile, metrics)
    queue.add(KEYS[0])
    assert 'workqueue_depth{name="diarizationservice"} 0.0' in metrics.render().decode()
    assert "workqueue_adds_total{name" not in metrics.render().decode()


async def test_the_slowest_look_and_the_busy_workers_are_measured() -> None:
    started, now_s, metrics = asyncio.Event(), [100.0], Metrics()

    async def reconcile(_key: Key) -> Look:
        started.set()
        await asyncio.sleep(60)
        return SETTLED

    queue = Queue(reconcile, metrics, clock=lambda: now_s[0])
    running = asyncio.create_task(queue.run(2, KEYS[:1]))
    await asyncio.wait_for(started.wait(), 5)
    now_s[0] = 107.0
    page = metrics.render().decode()
    running.cancel()
    assert 'workqueue_longest_running_processor_seconds{name="diarizationservice"} 7.0' in page
    assert 'controller_runtime_active_workers{controller="diarizationservice"} 1.0' in page
    assert 'controller_runtime_max_concurrent_reconciles{controller="diarizationservice"} 2.0' in page
