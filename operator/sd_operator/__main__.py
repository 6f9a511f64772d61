"""The operator's process: `python -m sd_operator`."""

import asyncio
import logging
import os
import platform
import sys
from typing import Any, cast

import kopf
from aiohttp.web import AppRunner
from kubernetes.aio import client, config

from sd_operator import handlers
from sd_operator.reconcile.reconciler import Reconciler
from sd_operator.runtime import health
from sd_operator.runtime.cache import Cache
from sd_operator.runtime.kube import KubeClient
from sd_operator.runtime.metrics import Metrics
from sd_operator.runtime.queue import Queue
from sd_operator.runtime.resync import Resync
from sd_operator.settings import Settings, SettingsError

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def main() -> None:
    """Runs until SIGTERM."""
    try:
        settings = Settings.from_environment(os.environ)
    except SettingsError as error:
        sys.exit(f"The operator cannot start: {error}")
    logging.basicConfig(level=settings.log_level, format=LOG_FORMAT)
    logging.getLogger("kopf").setLevel(logging.WARNING)  # one line per event is its idea of information
    asyncio.run(run(settings))


async def run(settings: Settings) -> None:
    """Everything that the operator is, side by side; the end of one part is the end of all."""
    metrics, cache = Metrics(), Cache()
    kube = KubeClient(await _configuration(), metrics)
    queue = Queue(Reconciler(kube, cache, settings.images).reconcile, metrics)
    resync = Resync(kube, cache, queue.add, settings.resync_s)
    watches = asyncio.Event()
    pages = await health.serve(health.application(watches.is_set, metrics), settings.health_port)
    try:
        async with asyncio.TaskGroup() as parts:
            working = parts.create_task(_work(resync, queue, settings.workers))
            await resync.done.wait()
            await _watch(handlers.registry(cache, queue.add, stop=lambda: _end(working, pages)), watches)
    finally:
        await pages.cleanup()
        await kube.close()


async def _work(resync: Resync, queue: Queue, workers: int) -> None:
    async with asyncio.TaskGroup() as parts:
        parts.create_task(resync.run())
        await resync.done.wait()  # a status made of half of what there is would be written, and then corrected
        parts.create_task(queue.run(workers))


async def _watch(registry: kopf.OperatorRegistry, watches: asyncio.Event) -> None:
    identity = cast("Any", platform.node())  # kopf's own guess needs the user to have a name
    await kopf.operator(
        registry=registry, settings=handlers.settings(), identity=identity, ready_flag=watches, clusterwide=True
    )


async def _end(working: asyncio.Task[None], pages: AppRunner) -> None:
    working.cancel()
    await asyncio.wait([working])
    await pages.cleanup()


async def _configuration() -> client.Configuration:
    loaders: Any = config  # its functions have no types
    configuration = client.Configuration()
    if os.environ.get("KUBECONFIG"):
        await loaders.load_kube_config(client_configuration=configuration)
    else:
        loaders.load_incluster_config(client_configuration=configuration)
    return configuration


if __name__ == "__main__":
    main()
