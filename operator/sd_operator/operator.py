"""Everything that the operator is, put together, side by side."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from kubernetes.aio import client

from sd_operator import health
from sd_operator.kube.cache import Cache
from sd_operator.kube.connection import Connection
from sd_operator.kube.discovery import Discovery
from sd_operator.kube.pod_backlog import PodBacklogReader
from sd_operator.kube.rest_client import RestKubeClient
from sd_operator.leader.elector import LeaderElector
from sd_operator.leader.lease import LeaseLock
from sd_operator.metrics import Metrics
from sd_operator.reconcile.model.model_jobs import Errands
from sd_operator.reconcile.reconciler import Reconciler
from sd_operator.service_metrics import ServiceGauges
from sd_operator.settings import Settings
from sd_operator.watch.resync import Resync
from sd_operator.watch.watches import Watches
from sd_operator.workqueue.queue import Queue


class Operator:
    """Watches always, works while it holds the Lease."""

    def __init__(self, settings: Settings, configuration: client.Configuration) -> None:
        self._settings = settings
        self._cache, self._metrics = Cache(), Metrics()
        self._connection = Connection(configuration, self._metrics, f"sd-triton-operator/{settings.identity}")
        lock = LeaseLock(self._connection, settings.installation.namespace, settings.lease)
        self._elector = LeaderElector(lock, settings.identity, self._metrics)
        kube = RestKubeClient(
            self._connection,
            self._metrics,
            lease_remaining_s=self._elector.lease_remaining_s,
            namespaces=settings.namespaces,
        )
        self._discovery = Discovery(kube)
        reconciler = Reconciler(
            kube=kube,
            cache=self._cache,
            installation=settings.installation,
            discovery=self._discovery,
            errands=Errands(kube, self._cache),
            pods=PodBacklogReader(),
        )
        self._queue = Queue(reconciler.reconcile, self._metrics)
        self._resync = Resync(kube, self._cache, self._discovery, self._queue.add, interval_s=settings.resync_s)
        self._watches = Watches(
            cache=self._cache,
            discovery=self._discovery,
            resync=self._resync,
            add=self._queue.add,
            metrics=self._metrics,
            namespaces=settings.namespaces,
        )
        self._discovery.on_change.append(self._watches.restart)
        self._metrics.add(ServiceGauges(self._cache))

    async def run(self, stop: asyncio.Event) -> None:
        """Works until `stop` is set; then gives the Lease back, so that another operator goes on at once.

        Raises:
            ExceptionGroup: a part has ended, which none ever should; a fresh process is the only remedy.
        """
        async with AsyncExitStack() as ends:  # what is begun last is ended first
            ends.push_async_callback(self._connection.close)
            pages = health.application(self._is_ready, self._queue.longest_s, self._metrics)
            ends.push_async_callback((await health.serve(pages, self._settings.health_port)).cleanup)
            watching = await ends.enter_async_context(_running(self._watch()))
            ends.push_async_callback(self._elector.release)
            leading = await ends.enter_async_context(_running(self._lead()))
            asked = await ends.enter_async_context(_running(stop.wait()))
            await asyncio.wait([watching, leading, asked], return_when=asyncio.FIRST_COMPLETED)
        for part in (watching, leading):
            if not part.cancelled():
                part.result()

    async def _watch(self) -> None:
        await self._discovery.refresh()
        async with asyncio.TaskGroup() as parts:
            parts.create_task(self._discovery.run())
            parts.create_task(self._resync.run())
            parts.create_task(self._watches.run())

    async def _lead(self) -> None:
        await self._resync.done.wait()  # a status made of half of what there is would be written, and then corrected
        async with asyncio.TaskGroup() as parts:
            parts.create_task(self._elector.run())
            parts.create_task(self._elector.run_while_leader(self._work))

    async def _work(self) -> None:
        await self._queue.run(self._settings.workers, self._cache.keys())

    def _is_ready(self) -> bool:
        return self._resync.done.is_set() and self._watches.up.is_set()


@asynccontextmanager
async def _running(part: Coroutine[Any, Any, object]) -> AsyncGenerator[asyncio.Task[object]]:
    """A part that is at work inside the block, and has ended after it."""
    task = asyncio.create_task(part)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])
