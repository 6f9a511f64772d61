"""Lists everything at the start and from time to time: watches lose deletions."""

import asyncio
import logging
from collections.abc import Callable

from sd_operator.runtime.cache import Cache, Key
from sd_operator.runtime.kube import Kube, KubeError
from sd_operator.vocabulary import DIARIZATION_SERVICES, OURS, WATCHED

logger = logging.getLogger(__name__)

RETRY_S = 2


class Resync:
    """Fills the cache from lists. `done` is set once everything has been listed for the first time."""

    def __init__(self, kube: Kube, cache: Cache, add: Callable[[Key], None], interval_s: float) -> None:
        self._kube = kube
        self._cache = cache
        self._add = add
        self._interval_s = interval_s
        self.done = asyncio.Event()

    async def run(self) -> None:
        """Lists, and lists again, until it is cancelled."""
        while True:
            wait_s = self._interval_s if await self._succeeds() else RETRY_S
            await asyncio.sleep(wait_s)

    async def _succeeds(self) -> bool:
        try:
            await self.once()
        except KubeError as error:
            logger.warning("cannot list what the operator looks after: %s (it will be tried again)", error)
            return False
        return True

    async def once(self) -> None:
        """Lists every kind, then has every service looked at.

        Raises:
            KubeError: a kind could not be listed; the cache then holds what it held of it.
        """
        before = self._cache.keys()
        for resource in WATCHED:
            selector = "" if resource == DIARIZATION_SERVICES else OURS
            self._cache.replace(resource, await self._kube.list(resource, selector))
        self.done.set()
        for key in sorted(before | self._cache.keys()):
            self._add(key)
