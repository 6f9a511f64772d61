"""Keeps kopf watching: in a thread and an event loop of its own, started anew whenever it ends or the kinds change.

kopf takes some answers of the API server for the end of the world, and when it ends it cancels every task of its event
loop that it does not know. Here it may: what it ends is only a watch, and after each start everything is listed.
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

PAUSE_S = 2.0
FIRST_LOOK_S, LONGEST_LOOK_S = 2.0, 60.0
"""From one look for what no watch has told of to the next, which comes twice as late."""


class Watches:
    """Feeds the cache, and puts the service of every object that changes on the queue."""

    def __init__(
        self,
        *,
        cache: Cache,
        discovery: Discovery,
        resync: Resync,
        add: Callable[[Key], None],
        metrics: Metrics,
        namespaces: tuple[str, ...] = (),
    ) -> None:
        self._cache = cache
        self._discovery = discovery
        self._resync = resync
        self._add = add
        self._metrics = metrics
        self._namespaces = namespaces
        self._outdated = asyncio.Event()
        self._known = set[str]()  # UIDs of what this life of kopf has handed over
        self.up = asyncio.Event()

    def restart(self) -> None:
        """The kinds have changed."""
        self._outdated.set()

    async def run(self) -> None:
        """Watches until it is cancelled. A start waits until everything could be listed."""
        while True:
            await self._resync.done.wait()
            self._outdated.clear()
            await self._watch(self._discovery.watched_resources)
            self._resync.again()

    async def _watch(self, watched: tuple[Resource, ...]) -> None:
        """One life of kopf."""
        self._metrics.watches.inc()
        self._known.clear()
        thread = KopfThread(watched, self._namespaces, self._deliver, self.up.set)
        ends = [asyncio.ensure_future(event.wait()) for event in (thread.ending, self._outdated)]
        looks = asyncio.ensure_future(self._look_for_unheard())
        try:
            await asyncio.wait([thread.ended, *ends], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for part in (*ends, looks):
                part.cancel()
            self.up.clear()
            await thread.stop()
        if not self._outdated.is_set():
            logger.warning("The watches ended and start anew: %s", thread.why())
            await asyncio.sleep(PAUSE_S * random.uniform(0.5, 1))  # noqa: S311 - spreads load, hides nothing

    async def _look_for_unheard(self) -> None:
        """Has everything listed where the cache holds what no watch tells of for a while.

        It may have gone after the list that filled the cache, and before kopf's own.
        """
        await self.up.wait()
        unheard, pause_s = self._unheard(), FIRST_LOOK_S
        while True:
            await asyncio.sleep(pause_s)
            before, unheard = unheard, self._unheard()
            if before & unheard:
                self._resync.soon()
            pause_s = min(2 * pause_s, LONGEST_LOOK_S)

    def _unheard(self) -> set[str]:
        return self._cache.uids() - self._known

    def _deliver(self, event: str | None, seen: Manifest) -> None:
        """Takes what kopf hands over; `event` is None for what it lists."""
        uid = seen["metadata"]["uid"]
        if event is None and uid in self._known:
            self._resync.soon()  # a watch was begun anew: of what was deleted in between, kopf says nothing
        if event == "DELETED":
            self._known.discard(uid)
            self._add(self._cache.delete(seen))
        else:
            self._known.add(uid)
            self._add(self._cache.upsert(seen))
