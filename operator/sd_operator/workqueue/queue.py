"""Workers that take one service after another from the schedule and survive whatever happens to each."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable

from sd_operator.kube.cache import Key
from sd_operator.kube.errors import KubeError
from sd_operator.logs import about
from sd_operator.metrics import CONTROLLER, Metrics
from sd_operator.workqueue.schedule import Schedule

logger = logging.getLogger(__name__)


Reconcile = Callable[[Key], Awaitable[float | None]]
"""Brings one service to its spec; says after how many seconds it is to be looked at again by itself, None for never.

Where it raises, it is tried again, later each time.
"""


class Queue:
    """Calls `reconcile` for every key that is added while workers run, never twice at once for one key."""

    def __init__(self, reconcile: Reconcile, metrics: Metrics, clock: Callable[[], float] = time.monotonic) -> None:
        self._reconcile = reconcile
        self._metrics = metrics
        self._clock = clock
        self._schedule = Schedule()
        self._began_s: dict[Key, float] = {}
        self._wake = asyncio.Event()
        self._running = False
        metrics.longest.labels(CONTROLLER).set_function(self.longest_s)
        metrics.unfinished.labels(CONTROLLER).set_function(self.unfinished_s)
        metrics.active.labels(CONTROLLER).set_function(lambda: len(self._began_s))
        metrics.depth.labels(CONTROLLER).set_function(lambda: self._schedule.due(self._clock()))

    def add(self, key: Key) -> None:
        """Something happened to a service. Without workers it is forgotten: they start with everything there is."""
        if not self._running:
            return
        self._metrics.adds.labels(CONTROLLER).inc()
        self._schedule.add(key, self._clock())
        self._wake.set()

    def longest_s(self) -> float:
        """For how long the slowest look has been under way."""
        return self._clock() - min(self._began_s.values(), default=self._clock())

    def unfinished_s(self) -> float:
        """For how long all looks together have been under way that have not ended."""
        return sum(self._clock() - began_s for began_s in self._began_s.values())

    async def run(self, workers: int, keys: Iterable[Key]) -> None:
        """Works until it is cancelled, beginning with `keys`."""
        self._schedule, self._running = Schedule(), True
        self._metrics.workers.labels(CONTROLLER).set(workers)
        for key in keys:
            self.add(key)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(workers):
                    group.create_task(self._work())
        finally:
            self._schedule, self._running = Schedule(), False

    async def _work(self) -> None:
        while True:
            key = await self._next()
            began_s = self._began_s[key] = self._clock()
            try:
                await self._attempt(key)
            finally:
                del self._began_s[key]
            for took in (self._metrics.seconds, self._metrics.work):
                took.labels(CONTROLLER).observe(self._clock() - began_s)
            self._wake.set()

    async def _next(self) -> Key:
        while (turn := self._schedule.take(self._clock())) is None:
            await self._until_something_is_due()
        self._metrics.waits.labels(CONTROLLER).observe(turn.waited_s)
        return turn.key

    async def _until_something_is_due(self) -> None:
        self._wake.clear()
        due = self._schedule.next_due()
        try:
            await asyncio.wait_for(self._wake.wait(), None if due is None else max(0, due - self._clock()))
        except TimeoutError:
            return

    async def _attempt(self, key: Key) -> None:
        """One reconcile. Its error belongs to this key alone: the others' work goes on, this one comes back later."""
        with about(key):
            task = asyncio.ensure_future(self._reconcile(key))
            try:
                await asyncio.wait([task])
            finally:
                task.cancel()
            self._finish(key, task)

    def _finish(self, key: Key, task: asyncio.Future[float | None]) -> None:
        if error := task.exception():
            self._metrics.reconciles.labels(CONTROLLER, "error").inc()
            self._metrics.retries.labels(CONTROLLER).inc()
            self._complain(error)
            self._schedule.finish(key, self._clock(), settled=False)
            return
        again_after_s = task.result()
        result = "success" if again_after_s is None else "requeue_after"
        self._metrics.reconciles.labels(CONTROLLER, result).inc()
        self._schedule.finish(key, self._clock(), settled=True, again_after_s=again_after_s)

    def _complain(self, error: BaseException) -> None:
        self._metrics.errors.labels(CONTROLLER).inc()
        if isinstance(error, KubeError):
            logger.warning("%s (it will be tried again)", error)
        else:
            self._metrics.panics.labels(CONTROLLER).inc()
            logger.error("The operator could not work on it; it will be tried again.", exc_info=error)
