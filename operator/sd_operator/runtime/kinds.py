"""Which kinds the cluster has: those of every cluster always, others for as long as the API server serves them.

The API server is asked for two small documents every few seconds. Everybody may read them, while a watch on
CustomResourceDefinitions would need a right to read all of the cluster's, and send each of them by.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from sd_operator.runtime.errors import KubeError, RejectedError
from sd_operator.vocabulary import CORE_KINDS, DIARIZATION_SERVICES, OPTIONAL_KINDS, PODS, Resource

logger = logging.getLogger(__name__)

EVERY_S = 5.0
FORBIDDEN = 403
CORE = frozenset(resource.kind for resource in CORE_KINDS)


class Cluster(Protocol):
    """What is asked to find out."""

    async def serves(self, api_version: str) -> frozenset[str]:
        """The plural names of what the API server has in a group's version."""
        ...

    async def may_list(self, resource: Resource) -> bool:
        """Whether the operator has the right to read a kind."""
        ...


class Kinds:
    """`present` holds the kinds of children that there can be now; `changed` is called whenever it changes."""

    def __init__(self, cluster: Cluster, present: frozenset[str] = CORE, every_s: float = EVERY_S) -> None:
        self.present = present
        self.changed: list[Callable[[], None]] = []
        self._cluster = cluster
        self._every_s = every_s
        self._complaints: dict[str, str] = {}

    @property
    def watched(self) -> tuple[Resource, ...]:
        """The resource itself, the children that there can be, and the pods."""
        optional = (resource for resource in OPTIONAL_KINDS if resource.kind in self.present)
        return (DIARIZATION_SERVICES, *CORE_KINDS, *optional, PODS)

    async def run(self) -> None:
        """Asks again and again until it is cancelled."""
        while True:
            await asyncio.sleep(self._every_s)
            await self.look()

    async def look(self) -> None:
        """Asks once. What cannot be found out stays as it was."""
        served = {version: await self._served(version) for version in _versions()}
        found = {resource.kind for resource in OPTIONAL_KINDS if await self._is_there(resource, served)}
        if (present := CORE | found) == self.present:
            return
        logger.info("The cluster now has these optional kinds: %s.", ", ".join(sorted(found)) or "none")
        self.present = present
        for tell in self.changed:
            tell()

    async def _is_there(self, resource: Resource, served: dict[str, frozenset[str] | None]) -> bool:
        names, known = served[resource.api_version], resource.kind in self.present
        if names is None or resource.plural not in names:
            return known and names is None
        return known or await self._may_list(resource)

    async def _may_list(self, resource: Resource) -> bool:
        try:
            allowed, complaint = await self._cluster.may_list(resource), ""
        except KubeError as error:
            allowed, complaint = False, str(error)
        if not allowed:
            complaint = complaint or "its rights do not allow that; give it those of the chart"
            self._complain(f"The operator cannot work with {resource.plural}", complaint)
        return allowed

    async def _served(self, version: str) -> frozenset[str] | None:
        """Plural names; None where the API server does not say."""
        try:
            return await self._cluster.serves(version)
        except KubeError as error:
            self._complain(f"Whether the cluster has {version} cannot be found out", str(error))
            is_forbidden = isinstance(error, RejectedError) and error.status == FORBIDDEN
            return frozenset() if is_forbidden else None

    def _complain(self, what: str, why: str) -> None:
        """Once for each cause, not every few seconds."""
        if self._complaints.get(what) != why:
            logger.warning("%s: %s.", what, why.rstrip("."))
        self._complaints[what] = why


def _versions() -> list[str]:
    return sorted({resource.api_version for resource in OPTIONAL_KINDS})
