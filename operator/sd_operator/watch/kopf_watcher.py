"""The watcher: keeps kopf running in a thread of its own, and restarts it when it stops or the watched kinds change.

kopf treats some responses of the API server as fatal, and when it stops it cancels all tasks of its event loop. In a
separate thread this stops only the watches, and after each restart all objects are listed again.
"""

import asyncio
import logging
import random
from collections.abc import Callable

from sd_operator.kube.cache import Cache, Key
from sd_operator.kube.discovery import Discovery
from sd_operator.metrics import Metrics
from sd_operator.resources import Manifest, Resource
from sd_operator.watch.kopf_thread import KopfThread
from sd_operator.watch.resync import Resync

logger = logging.getLogger(__name__)

RESTART_DELAY_S = 2.0
FIRST_CHECK_S, MAX_CHECK_INTERVAL_S = 2.0, 60.0
"""Time until the first check for missed deletions after a start; the interval doubles up to the maximum."""


class KopfWatcher:
    """Updates the cache with every event, and enqueues the service that the changed object belongs to."""

    def __init__(
        self,
        *,
        cache: Cache,
        discovery: Discovery,
        resync: Resync,
        enqueue: Callable[[Key], None],
        metrics: Metrics,
        namespaces: tuple[str, ...] = (),
        first_check_s: float = FIRST_CHECK_S,
    ) -> None:
        self._cache = cache
        self._discovery = discovery
        self._resync = resync
        self._enqueue = enqueue
        self._metrics = metrics
        self._namespaces = namespaces
        self._first_check_s = first_check_s
        self._restart_requested = asyncio.Event()
        self._reported = set[str]()  # UIDs of the objects that the current run of kopf has reported
        self.ready = asyncio.Event()

    def restart(self) -> None:
        """Restart kopf, because the watched kinds have changed."""
        self._restart_requested.set()

    async def run(self) -> None:
        """Watch until cancelled. Each start waits until all objects are listed."""
        while True:
            await self._resync.synced.wait()
            self._restart_requested.clear()
            await self._run_kopf(self._discovery.watched_resources)
            self._resync.invalidate()

    async def _run_kopf(self, watched: tuple[Resource, ...]) -> None:
        """Run kopf once, until it stops or a restart is requested."""
        self._metrics.watch_starts.inc()
        self._reported.clear()
        thread = KopfThread(watched, self._namespaces, self.handle_event, self.ready.set)
        stops = [asyncio.ensure_future(event.wait()) for event in (thread.stopping, self._restart_requested)]
        check = asyncio.ensure_future(self.detect_missed_deletions())
        try:
            await asyncio.wait([thread.stopped, *stops], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*stops, check):
                task.cancel()
            self.ready.clear()
            await thread.stop()
        if not self._restart_requested.is_set():
            logger.warning("The watches stopped and are restarted: %s", thread.stop_reason())
            await asyncio.sleep(RESTART_DELAY_S * random.uniform(0.5, 1))  # noqa: S311 - jitter

    async def detect_missed_deletions(self) -> None:
        """Request a resync while the cache holds an object that the watches have not reported since the last check.

        It may have been deleted after the list that filled the cache and before kopf's own list.
        """
        await self.ready.wait()
        unreported, interval_s = self._unreported(), self._first_check_s
        while True:
            await asyncio.sleep(interval_s)
            last, unreported = unreported, self._unreported()
            if last & unreported:
                self._resync.request()
            interval_s = min(2 * interval_s, MAX_CHECK_INTERVAL_S)

    def _unreported(self) -> set[str]:
        return self._cache.uids() - self._reported

    def handle_event(self, event_type: str | None, live: Manifest) -> None:
        """Update the cache with a watch event or, if `event_type` is None, with an object that kopf listed."""
        uid = live["metadata"]["uid"]
        if event_type is None and uid in self._reported:
            self._resync.request()  # kopf listed again after an interruption, and does not report deletions during it
        if event_type == "DELETED":
            self._reported.discard(uid)
            self._enqueue(self._cache.delete(live))
        else:
            self._reported.add(uid)
            self._enqueue(self._cache.upsert(live))
