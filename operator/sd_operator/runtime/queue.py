"""Workers that take one service after another from the schedule and survive whatever happens to each."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from sd_operator.runtime.cache import Key
from sd_operator.runtime.kube import KubeError
from sd_operator.runtime.metrics import CONTROLLER, Metrics
from sd_operator.runtime.schedule import Schedule

logger = logging.getLogger(__name__)

Reconcile = Callable[[Key], Awaitable[bool]]
"""Brings one service to its spec; False where it has to be looked at again by itself."""


class Queue:
    """Calls `reconcile` for every key that is added, never twice at once for one key."""

    def __init__(self, reconcile: Reconcile, metrics: Metrics, clock: Callable[[], float] = time.monotonic) -> None:
        self._reconcile = reconcile
        self._metrics = metrics
        self._clock = clock
        self._schedule = Schedule()
        self._wake = asyncio.Event()

    def add(self, key: Key) -> None:
        """Something happened to a service."""
        self._schedule.add(key, self._clock())
        self._wake.set()

    async def run(self, workers: int) -> None:
        """Works until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(self._work())

    async def _work(self) -> None:
        while True:
            key = await self._next()
            started = self._clock()
            settled = await self._attempt(key)
            self._metrics.seconds.labels(CONTROLLER).observe(self._clock() - started)
            self._schedule.finish(key, self._clock(), settled=settled)
            self._wake.set()

    async def _next(self) -> Key:
        while (key := self._schedule.take(self._clock())) is None:
            await self._until_something_is_due()
        self._metrics.depth.labels(CONTROLLER).set(len(self._schedule))
        return key

    async def _until_something_is_due(self) -> None:
        self._wake.clear()
        due = self._schedule.next_due()
        try:
            await asyncio.wait_for(self._wake.wait(), None if due is None else max(0, due - self._clock()))
        except TimeoutError:
            return

    async def _attempt(self, key: Key) -> bool:
        """One reconcile. Its error belongs to this key alone: the others' work goes on, this one comes back later."""
        task = asyncio.ensure_future(self._reconcile(key))
        try:
            await asyncio.wait([task])
        finally:
            task.cancel()
        return self._verdict(key, task)

    def _verdict(self, key: Key, task: asyncio.Future[bool]) -> bool:
        error = task.exception()
        settled = error is None and task.result()
        result = "error" if error else "success" if settled else "requeue_after"
        self._metrics.reconciles.labels(CONTROLLER, result).inc()
        if isinstance(error, KubeError):
            logger.warning("%s: %s (it will be tried again)", key, error)
        elif error is not None:
            logger.error("%s: the operator could not work on it; it will be tried again.", key, exc_info=error)
        return settled
