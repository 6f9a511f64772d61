"""Which kinds the cluster has: those of every cluster always, others for as long as the API server serves them.

The API server is asked for two small documents every few seconds. Everybody may read them, while a watch on
CustomResourceDefinitions would need a right to read all of the cluster's, and send each of them by.
"""

import asyncio
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Protocol

from sd_operator.kube.errors import KubeError, RejectedError
from sd_operator.resources import CORE_KINDS, DIARIZATION_SERVICES, JOBS, OPTIONAL_KINDS, PODS, Resource

logger = logging.getLogger(__name__)

EVERY_S = 5.0
CORE = frozenset(resource.kind for resource in CORE_KINDS)


class DiscoveryClient(Protocol):
    """What is asked to find out."""

    async def serves(self, api_version: str) -> frozenset[str]:
        """The plural names of what the API server has in a group's version."""
        ...

    async def may_list(self, resource: Resource) -> bool:
        """Whether the operator has the right to read a kind."""
        ...


class Discovery:
    """`available` holds the kinds of children that there can be now, `forbidden` those that only lack rights.

    `on_change` is called whenever either changes.
    """

    def __init__(self, client: DiscoveryClient, available: frozenset[str] = CORE, every_s: float = EVERY_S) -> None:
        self.available = available
        self.forbidden = frozenset[str]()
        self.on_change: list[Callable[[], None]] = []
        self._client = client
        self._every_s = every_s
        self._complaints: dict[str, str] = {}

    @property
    def watched_resources(self) -> tuple[Resource, ...]:
        """The resource itself, the children that there can be, and the pods."""
        optional = (resource for resource in OPTIONAL_KINDS if resource.kind in self.available)
        return (DIARIZATION_SERVICES, *CORE_KINDS, *optional, JOBS, PODS)

    async def run(self) -> None:
        """Asks again and again until it is cancelled."""
        while True:
            await asyncio.sleep(self._every_s)
            await self.refresh()

    async def refresh(self) -> None:
        """Asks once. What cannot be found out stays as it was."""
        served = {version: await self._served(version) for version in _versions()}
        found = {
            resource.kind: await self._may_use(resource, served[resource.api_version]) for resource in OPTIONAL_KINDS
        }
        present, forbidden = (frozenset(kind for kind, may in found.items() if may is said) for said in (True, False))
        self._settle(CORE | present, forbidden)

    def _settle(self, present: frozenset[str], forbidden: frozenset[str]) -> None:
        if (present, forbidden) == (self.available, self.forbidden):
            return
        names = ", ".join(sorted(present - CORE)) or "none"
        logger.info("The operator now works with these optional kinds: %s.", names)
        self.available, self.forbidden = present, forbidden
        for tell in self.on_change:
            tell()

    async def _may_use(self, resource: Resource, names: frozenset[str] | None) -> bool | None:
        """False where only rights are missing, None where the API server does not serve the kind."""
        if names is None:
            return self._before(resource)
        if resource.plural not in names:
            return None
        return self._before(resource) or await self._may_list(resource)

    def _before(self, resource: Resource) -> bool | None:
        if resource.kind in self.available:
            return True
        return False if resource.kind in self.forbidden else None

    async def _may_list(self, resource: Resource) -> bool | None:
        what = f"The operator cannot work with {resource.plural}"
        try:
            allowed = await self._client.may_list(resource)
        except KubeError as error:
            self._complain(what, str(error))
            return self._before(resource)
        if not allowed:
            self._complain(what, "its rights do not allow that; give it those of the chart")
        return allowed

    async def _served(self, version: str) -> frozenset[str] | None:
        """Plural names; None where the API server does not say.

        Where it may not be asked, every kind counts as served: that it may not be listed tells the rest.
        """
        try:
            return await self._client.serves(version)
        except KubeError as error:
            self._complain(f"Whether the cluster has {version} cannot be found out", str(error))
            is_forbidden = isinstance(error, RejectedError) and error.status == HTTPStatus.FORBIDDEN
            return _plurals(version) if is_forbidden else None

    def _complain(self, what: str, why: str) -> None:
        """Once for each cause, not every few seconds."""
        if self._complaints.get(what) != why:
            logger.warning("%s: %s.", what, why.rstrip("."))
        self._complaints[what] = why


def _plurals(version: str) -> frozenset[str]:
    return frozenset(resource.plural for resource in OPTIONAL_KINDS if resource.api_version == version)


def _versions() -> list[str]:
    return sorted({resource.api_version for resource in OPTIONAL_KINDS})
