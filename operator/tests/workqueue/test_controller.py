"""Workers reconcile every key, concurrently, whatever happens to single reconciles."""

import asyncio
import logging
from collections import Counter

import pytest
from sd_operator.kube.cache import Key
from sd_operator.kube.errors import UnavailableError
from sd_operator.metrics import Metrics
from sd_operator.workqueue.controller import Controller, Reconcile

KEYS = [Key("default", f"service-{number}") for number in range(20)]


async def run_until(event: asyncio.Event, reconcile: Reconcile, metrics: Metrics, keys: list[Key]) -> None:
    """Run a controller with four workers until the event is set, for at most five seconds."""
    controller = Controller(reconcile, metrics)
    running = asyncio.create_task(controller.run(4, keys))
    await asyncio.wait_for(event.wait(), 5)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_every_key_is_reconciled_once_and_four_concurrently() -> None:
    reconciled, active, most_active, done = Counter[Key](), 0, 0, asyncio.Event()

    async def reconcile(key: Key) -> None:
        nonlocal active, most_active
        active += 1
        most_active = max(most_active, active)
        await asyncio.sleep(0.01)
        active -= 1
        reconciled[key] += 1
        if reconciled.total() == len(KEYS):
            done.set()

    await run_until(done, reconcile, Metrics(), KEYS + KEYS)
    assert reconciled == Counter(KEYS)
    assert most_active == 4


async def test_an_error_of_one_key_is_logged_and_the_others_continue(caplog: pytest.LogCaptureFixture) -> None:
    succeeded, done = set[Key](), asyncio.Event()

    async def reconcile(key: Key) -> None:
        if key == KEYS[0]:
            raise UnavailableError("The API server does not respond.")
        if key == KEYS[1]:
            raise ZeroDivisionError
        succeeded.add(key)
        if len(succeeded) == len(KEYS) - 2:
            done.set()

    metrics = Metrics()
    with caplog.at_level(logging.WARNING):
        await run_until(done, reconcile, metrics, KEYS)
    assert "Reconcile failed and will be retried: The API server does not respond." in caplog.messages
    assert "Reconcile failed with an unexpected error and will be retried." in caplog.messages
    page = metrics.render().decode()
    assert 'controller_runtime_reconcile_total{controller="diarizationservice",result="error"} 2.0' in page
    assert 'controller_runtime_reconcile_total{controller="diarizationservice",result="success"} 18.0' in page
    assert 'controller_runtime_reconcile_errors_total{controller="diarizationservice"} 2.0' in page
    assert 'controller_runtime_reconcile_panics_total{controller="diarizationservice"} 1.0' in page
    assert 'workqueue_retries_total{name="diarizationservice"} 2.0' in page
    assert 'workqueue_adds_total{name="diarizationservice"} 20.0' in page


async def test_a_failed_key_is_retried_without_a_new_event() -> None:
    attempts, done = 0, asyncio.Event()

    async def reconcile(_key: Key) -> None:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            raise UnavailableError("later")
        done.set()

    await run_until(done, reconcile, Metrics(), KEYS[:1])
    assert attempts == 2


async def test_a_reconcile_in_progress_is_cancelled_with_its_worker() -> None:
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def reconcile(_key: Key) -> None:
        started.set()
        try:
            await asyncio.sleep(60)
        finally:
            cancelled.set()

    await run_until(started, reconcile, Metrics(), KEYS[:1])
    await asyncio.wait_for(cancelled.wait(), 1)


async def test_a_key_is_requeued_after_the_returned_delay(caplog: pytest.LogCaptureFixture) -> None:
    attempts, done, metrics = 0, asyncio.Event(), Metrics()

    async def reconcile(_key: Key) -> float:
        nonlocal attempts
        attempts += 1
        if attempts == 2:
            done.set()
        return 0.01

    await run_until(done, reconcile, metrics, KEYS[:1])
    page = metrics.render().decode()
    assert attempts == 2
    assert 'reconcile_total{controller="diarizationservice",result="requeue_after"}' in page
    assert "workqueue_retries_total{" not in page
    assert caplog.messages == []


async def test_without_workers_no_key_is_queued() -> None:
    metrics = Metrics()

    async def reconcile(_key: Key) -> None:
        raise AssertionError("No worker is running.")

    controller = Controller(reconcile, metrics)
    controller.enqueue(KEYS[0])
    assert 'workqueue_depth{name="diarizationservice"} 0.0' in metrics.render().decode()
    assert "workqueue_adds_total{name" not in metrics.render().decode()


async def test_finished_reconciles_and_reconciles_in_progress_are_measured() -> None:
    now_s, metrics, finish_first, all_started = [100.0], Metrics(), asyncio.Event(), asyncio.Event()

    async def reconcile(key: Key) -> None:
        if key == KEYS[2]:
            all_started.set()
        await (finish_first.wait() if key == KEYS[0] else asyncio.sleep(60))

    controller = Controller(reconcile, metrics, clock=lambda: now_s[0])
    running = asyncio.create_task(controller.run(3, KEYS[:3]))
    await asyncio.wait_for(all_started.wait(), 5)
    now_s[0] = 103.0
    finish_first.set()
    for _ in range(20):
        await asyncio.sleep(0)  # let the event loop run the workers
    now_s[0] = 107.0
    page = metrics.render().decode()
    running.cancel()
    assert 'workqueue_work_duration_seconds_sum{name="diarizationservice"} 3.0' in page
    assert 'workqueue_longest_running_processor_seconds{name="diarizationservice"} 7.0' in page
    assert 'workqueue_unfinished_work_seconds{name="diarizationservice"} 14.0' in page
    assert 'controller_runtime_active_workers{controller="diarizationservice"} 2.0' in page
    assert 'controller_runtime_max_concurrent_reconciles{controller="diarizationservice"} 3.0' in page
