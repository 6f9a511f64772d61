"""The operator: all of its components, wired together and run concurrently."""

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
from sd_operator.reconcile.apply import Applier
from sd_operator.reconcile.model.model_jobs import ModelJobs
from sd_operator.reconcile.observe import Observer
from sd_operator.reconcile.reconciler import Reconciler
from sd_operator.reconcile.report import Reporter
from sd_operator.service_metrics import ServiceCollector
from sd_operator.settings import Settings
from sd_operator.watch.kopf_watcher import KopfWatcher
from sd_operator.watch.resync import Resync
from sd_operator.workqueue.controller import Controller


class Operator:
    """Watches always, and reconciles while it is the leader."""

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
        model_jobs = ModelJobs(kube, self._cache)
        observer = Observer(
            kube=kube,
            cache=self._cache,
            installation=settings.installation,
            discovery=self._discovery,
            model_jobs=model_jobs,
            pods=PodBacklogReader(),
        )
        reconciler = Reconciler(
            observer=observer,
            applier=Applier(kube, self._cache, model_jobs),
            reporter=Reporter(kube, self._cache),
        )
        self._controller = Controller(reconciler.reconcile, self._metrics)
        self._resync = Resync(
            kube, self._cache, self._discovery, self._controller.enqueue, interval_s=settings.resync_s
        )
        self._watcher = KopfWatcher(
            cache=self._cache,
            discovery=self._discovery,
            resync=self._resync,
            enqueue=self._controller.enqueue,
            metrics=self._metrics,
            namespaces=settings.namespaces,
        )
        self._discovery.on_change.append(self._watcher.restart)
        self._metrics.add(ServiceCollector(self._cache))

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set, then release the Lease, so that another operator takes over immediately.

        Raises:
            ExceptionGroup: a component stopped with an error; the process must be restarted.
        """
        async with AsyncExitStack() as exits:  # components stop in the reverse order of their start
            exits.push_async_callback(self._connection.close)
            endpoints = health.application(self._is_ready, self._controller.longest_running_s, self._metrics)
            exits.push_async_callback((await health.serve(endpoints, self._settings.health_port)).cleanup)
            watching = await exits.enter_async_context(_running(self._watch()))
            exits.push_async_callback(self._elector.release)
            leading = await exits.enter_async_context(_running(self._lead()))
            stopping = await exits.enter_async_context(_running(stop.wait()))
            await asyncio.wait([watching, leading, stopping], return_when=asyncio.FIRST_COMPLETED)
        for component in (watching, leading):
            if not component.cancelled():
                component.result()

    async def _watch(self) -> None:
        await self._discovery.refresh()
        async with asyncio.TaskGroup() as components:
            components.create_task(self._discovery.run())
            components.create_task(self._resync.run())
            components.create_task(self._watcher.run())

    async def _lead(self) -> None:
        await self._resync.synced.wait()  # a status computed from a partial cache would be written and then corrected
        async with asyncio.TaskGroup() as components:
            components.create_task(self._elector.run())
            components.create_task(self._elector.run_while_leader(self._reconcile))

    async def _reconcile(self) -> None:
        await self._controller.run(self._settings.workers, self._cache.keys())

    def _is_ready(self) -> bool:
        return self._resync.synced.is_set() and self._watcher.ready.is_set()


@asynccontextmanager
async def _running(component: Coroutine[Any, Any, object]) -> AsyncGenerator[asyncio.Task[object]]:
    """Run a component inside the block; cancel it and wait for its end afterwards."""
    task = asyncio.create_task(component)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])
