"""The controller: workers that take keys from the workqueue and reconcile them; an error affects only its key."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable

from sd_operator.kube.cache import Key
from sd_operator.kube.errors import KubeError
from sd_operator.logs import service_context
from sd_operator.metrics import CONTROLLER, Metrics
from sd_operator.workqueue.rate_limiting_queue import RateLimitingQueue

logger = logging.getLogger(__name__)


Reconcile = Callable[[Key], Awaitable[float | None]]
"""Reconciles one service and returns the seconds after which to requeue it, or None.

If it raises an error, the key is retried with increasing delays.
"""


class Controller:
    """Calls `reconcile` for every enqueued key while workers run, at most once at a time for each key."""

    def __init__(self, reconcile: Reconcile, metrics: Metrics, clock: Callable[[], float] = time.monotonic) -> None:
        self._reconcile = reconcile
        self._metrics = metrics
        self._clock = clock
        self._queue = RateLimitingQueue()
        self._started_s: dict[Key, float] = {}
        self._wake = asyncio.Event()
        self._is_running = False
        metrics.longest_running_seconds.labels(CONTROLLER).set_function(self.longest_running_s)
        metrics.unfinished_work_seconds.labels(CONTROLLER).set_function(self.unfinished_work_s)
        metrics.active_workers.labels(CONTROLLER).set_function(lambda: len(self._started_s))
        metrics.queue_depth.labels(CONTROLLER).set_function(lambda: self._queue.depth(self._clock()))

    def enqueue(self, key: Key) -> None:
        """Queue a service after an event. Without workers this does nothing: they start with all existing services."""
        if not self._is_running:
            return
        self._metrics.queue_adds.labels(CONTROLLER).inc()
        self._queue.add(key, self._clock())
        self._wake.set()

    def longest_running_s(self) -> float:
        """Duration of the longest reconcile in progress, in seconds."""
        return self._clock() - min(self._started_s.values(), default=self._clock())

    def unfinished_work_s(self) -> float:
        """Total duration of all reconciles in progress, in seconds."""
        return sum(self._clock() - started_s for started_s in self._started_s.values())

    async def run(self, workers: int, keys: Iterable[Key]) -> None:
        """Reconcile until cancelled, starting with `keys`."""
        self._queue, self._is_running = RateLimitingQueue(), True
        self._metrics.max_workers.labels(CONTROLLER).set(workers)
        for key in keys:
            self.enqueue(key)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(workers):
                    group.create_task(self._work())
        finally:
            self._queue, self._is_running = RateLimitingQueue(), False

    async def _work(self) -> None:
        while True:
            key = await self._next()
            started_s = self._started_s[key] = self._clock()
            try:
                await self._process(key)
            finally:
                del self._started_s[key]
            for duration in (self._metrics.reconcile_seconds, self._metrics.work_seconds):
                duration.labels(CONTROLLER).observe(self._clock() - started_s)
            self._wake.set()

    async def _next(self) -> Key:
        while (queued := self._queue.get(self._clock())) is None:
            await self._wait_until_due()
        self._metrics.queue_seconds.labels(CONTROLLER).observe(queued.waited_s)
        return queued.key

    async def _wait_until_due(self) -> None:
        self._wake.clear()
        due_s = self._queue.next_due_s()
        try:
            await asyncio.wait_for(self._wake.wait(), None if due_s is None else max(0, due_s - self._clock()))
        except TimeoutError:
            return

    async def _process(self, key: Key) -> None:
        """Reconcile one key. An error concerns this key alone: it is retried, and the workers continue."""
        with service_context(key):
            task = asyncio.ensure_future(self._reconcile(key))
            try:
                await asyncio.wait([task])
            finally:
                task.cancel()
            self._finish(key, task)

    def _finish(self, key: Key, task: asyncio.Future[float | None]) -> None:
        if error := task.exception():
            self._metrics.reconciles.labels(CONTROLLER, "error").inc()
            self._metrics.queue_retries.labels(CONTROLLER).inc()
            self._log(error)
            self._queue.done(key, self._clock(), succeeded=False)
            return
        requeue_after_s = task.result()
        result = "success" if requeue_after_s is None else "requeue_after"
        self._metrics.reconciles.labels(CONTROLLER, result).inc()
        self._queue.done(key, self._clock(), succeeded=True, requeue_after_s=requeue_after_s)

    def _log(self, error: BaseException) -> None:
        self._metrics.reconcile_errors.labels(CONTROLLER).inc()
        if isinstance(error, KubeError):
            logger.warning("Reconcile failed and will be retried: %s", error)
        else:
            self._metrics.reconcile_panics.labels(CONTROLLER).inc()
            logger.error("Reconcile failed with an unexpected error and will be retried.", exc_info=error)
