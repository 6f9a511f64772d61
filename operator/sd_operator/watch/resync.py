"""Lists everything at the start and from time to time: watches lose deletions."""

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
    """Fills the cache from lists. `done` is set while the cache holds all of what `kinds` says that there is."""

    def __init__(
        self,
        kube: KubeClient,
        cache: Cache,
        discovery: Discovery,
        add: Callable[[Key], None],
        *,
        interval_s: float,
        retry_s: float = RETRY_S,
    ) -> None:
        self._kube = kube
        self._cache = cache
        self._discovery = discovery
        self._add = add
        self._interval_s = interval_s
        self._retry_s = retry_s
        self._asked = asyncio.Event()
        self.done = asyncio.Event()

    def soon(self) -> None:
        """Something may have been missed: everything is listed now, not only when it is time for that."""
        self._asked.set()

    def again(self) -> None:
        """The same where nothing is heard of changes meanwhile: the cache is not to be relied on until that is done."""
        self.done.clear()
        self._asked.set()

    async def run(self) -> None:
        """Lists, and lists again, until it is cancelled."""
        while True:
            self._asked.clear()
            await self._pause(self._interval_s if await self._succeeds() else self._retry_s)

    async def _pause(self, longest_s: float) -> None:
        try:
            await asyncio.wait_for(self._asked.wait(), longest_s)
        except TimeoutError:
            return

    async def _succeeds(self) -> bool:
        try:
            await self.once()
        except KubeError as error:
            logger.warning("The operator cannot list what it looks after: %s (it will be tried again)", error)
            return False
        return True

    async def once(self) -> None:
        """Lists every kind, then has every service looked at.

        Raises:
            KubeError: a kind could not be listed; the cache then holds what it held of it.
        """
        before, watched = self._cache.keys(), self._discovery.watched_resources
        for resource in watched:
            selector = "" if resource == DIARIZATION_SERVICES else MANAGED_BY_OPERATOR
            self._cache.replace(resource, await self._kube.list(resource, selector))
        for resource in OPTIONAL_KINDS:
            if resource not in watched:
                self._cache.clear(resource)
        if not self._asked.is_set():
            self.done.set()
        for key in sorted(before | self._cache.keys()):
            self._add(key)
