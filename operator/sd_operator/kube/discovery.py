"""Discovery of optional kinds: which of them the API server serves and the operator may list.

Two discovery documents are read every few seconds. Every service account may read them, while a watch on
CustomResourceDefinitions would need permission to read all of the cluster's, and receive each of them.
"""

import asyncio
import logging
from collections.abc import Callable
from enum import Enum, auto
from http import HTTPStatus
from typing import Protocol

from sd_operator.kube.errors import KubeError, RejectedError
from sd_operator.resources import CORE_KINDS, DIARIZATION_SERVICES, JOBS, OPTIONAL_KINDS, PODS, Resource

logger = logging.getLogger(__name__)

INTERVAL_S = 5.0
CORE = frozenset(resource.kind for resource in CORE_KINDS)


class DiscoveryClient(Protocol):
    """The requests that discovery needs."""

    async def served_resources(self, group_version: str) -> frozenset[str]:
        """Plural names of the resources in a group version; empty if it is not served."""
        ...

    async def can_list(self, resource: Resource) -> bool:
        """Return True if RBAC lets the operator list a kind."""
        ...


class Availability(Enum):
    """Availability of an optional kind."""

    NOT_SERVED = auto()
    FORBIDDEN = auto()
    """The API server serves the kind, but RBAC does not let the operator list it."""
    AVAILABLE = auto()


class Discovery:
    """`available` holds the kinds of children that can be managed now, `forbidden` those that only lack permissions.

    The callbacks in `on_change` are called whenever either changes.
    """

    def __init__(
        self, client: DiscoveryClient, available: frozenset[str] = CORE, interval_s: float = INTERVAL_S
    ) -> None:
        self.available = available
        self.forbidden = frozenset[str]()
        self.on_change: list[Callable[[], None]] = []
        self._client = client
        self._interval_s = interval_s
        self._last_warnings: dict[str, str] = {}

    @property
    def watched_resources(self) -> tuple[Resource, ...]:
        """DiarizationServices, all available kinds of children, Jobs and Pods."""
        optional = (resource for resource in OPTIONAL_KINDS if resource.kind in self.available)
        return (DIARIZATION_SERVICES, *CORE_KINDS, *optional, JOBS, PODS)

    async def run(self) -> None:
        """Refresh periodically until cancelled."""
        while True:
            await asyncio.sleep(self._interval_s)
            await self.refresh()

    async def refresh(self) -> None:
        """Read the discovery documents once. Kinds whose state cannot be determined keep their last state."""
        served = {version: await self._served(version) for version in _group_versions()}
        states = {
            resource.kind: await self._availability(resource, served[resource.api_version])
            for resource in OPTIONAL_KINDS
        }
        self._update(
            CORE | {kind for kind, state in states.items() if state is Availability.AVAILABLE},
            frozenset(kind for kind, state in states.items() if state is Availability.FORBIDDEN),
        )

    def _update(self, available: frozenset[str], forbidden: frozenset[str]) -> None:
        if (available, forbidden) == (self.available, self.forbidden):
            return
        logger.info("Optional kinds in use: %s.", ", ".join(sorted(available - CORE)) or "none")
        self.available, self.forbidden = available, forbidden
        for callback in self.on_change:
            callback()

    async def _availability(self, resource: Resource, served: frozenset[str] | None) -> Availability:
        last = self._last_availability(resource)
        if served is None:
            return last
        if resource.plural not in served:
            return Availability.NOT_SERVED
        return last if last is Availability.AVAILABLE else await self._permission(resource)

    def _last_availability(self, resource: Resource) -> Availability:
        if resource.kind in self.available:
            return Availability.AVAILABLE
        return Availability.FORBIDDEN if resource.kind in self.forbidden else Availability.NOT_SERVED

    async def _permission(self, resource: Resource) -> Availability:
        subject = f"The operator cannot manage {resource.plural}"
        try:
            allowed = await self._client.can_list(resource)
        except KubeError as error:
            self._warn(subject, str(error))
            return self._last_availability(resource)
        if not allowed:
            self._warn(subject, "its RBAC permissions do not include them; grant the permissions of the chart")
        return Availability.AVAILABLE if allowed else Availability.FORBIDDEN

    async def _served(self, group_version: str) -> frozenset[str] | None:
        """Plural names of the served resources; None if that cannot be determined.

        If discovery itself is forbidden, every kind counts as served: listing it then determines the rest.
        """
        try:
            return await self._client.served_resources(group_version)
        except KubeError as error:
            self._warn(f"Discovery of {group_version} failed", str(error))
            is_forbidden = isinstance(error, RejectedError) and error.status == HTTPStatus.FORBIDDEN
            return _plurals(group_version) if is_forbidden else None

    def _warn(self, subject: str, reason: str) -> None:
        """Log a warning once per reason, not at every refresh."""
        if self._last_warnings.get(subject) != reason:
            logger.warning("%s: %s.", subject, reason.rstrip("."))
        self._last_warnings[subject] = reason


def _plurals(group_version: str) -> frozenset[str]:
    return frozenset(resource.plural for resource in OPTIONAL_KINDS if resource.api_version == group_version)


def _group_versions() -> list[str]:
    return sorted({resource.api_version for resource in OPTIONAL_KINDS})
