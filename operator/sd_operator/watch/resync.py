"""Resync: lists all watched objects at the start and periodically, because watches can miss deletions."""

import asyncio
import logging
from collections.abc import Callable

from sd_operator.kube.cache import Cache, Key
from sd_operator.kube.client import KubeClient
from sd_operator.kube.discovery import Discovery
from sd_operator.kube.errors import KubeError
from sd_operator.resources import DIARIZATION_SERVICES, MANAGED_BY_OPERATOR, OPTIONAL_KINDS

logger = logging.getLogger(__name__)

RETRY_S = 2


class Resync:
    """Fills the cache from lists. `synced` is set while the cache holds all objects of the kinds in `discovery`."""

    def __init__(
        self,
        kube: KubeClient,
        cache: Cache,
        discovery: Discovery,
        enqueue: Callable[[Key], None],
        *,
        interval_s: float,
        retry_s: float = RETRY_S,
    ) -> None:
        self._kube = kube
        self._cache = cache
        self._discovery = discovery
        self._enqueue = enqueue
        self._interval_s = interval_s
        self._retry_s = retry_s
        self._requested = asyncio.Event()
        self.synced = asyncio.Event()

    def request(self) -> None:
        """List all objects now instead of at the next interval, because an event may have been missed."""
        self._requested.set()

    def invalidate(self) -> None:
        """Mark the cache as not synced, because no watches are running, and list all objects now."""
        self.synced.clear()
        self._requested.set()

    async def run(self) -> None:
        """List all objects periodically until cancelled."""
        while True:
            self._requested.clear()
            await self._wait(self._interval_s if await self._try_relist() else self._retry_s)

    async def _wait(self, timeout_s: float) -> None:
        try:
            await asyncio.wait_for(self._requested.wait(), timeout_s)
        except TimeoutError:
            return

    async def _try_relist(self) -> bool:
        try:
            await self.relist()
        except KubeError as error:
            logger.warning("Listing the watched objects failed and will be retried: %s", error)
            return False
        return True

    async def relist(self) -> None:
        """List every kind, then enqueue every service.

        Raises:
            KubeError: a kind could not be listed; its objects in the cache are unchanged.
        """
        known, watched = self._cache.keys(), self._discovery.watched_resources
        for resource in watched:
            label_selector = "" if resource == DIARIZATION_SERVICES else MANAGED_BY_OPERATOR
            self._cache.replace(resource, await self._kube.list(resource, label_selector))
        for resource in OPTIONAL_KINDS:
            if resource not in watched:
                self._cache.clear(resource)
        if not self._requested.is_set():
            self.synced.set()
        for key in sorted(known | self._cache.keys()):
            self._enqueue(key)
