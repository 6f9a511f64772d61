"""kopf's configuration: kopf only watches, and passes every event to one callback."""

import random
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

import kopf

from sd_operator.resources import DIARIZATION_SERVICES, MANAGED_BY_OPERATOR, Manifest, Resource

EventHandler = Callable[[str | None, Manifest], None]
"""Receives the type of a watch event, or None for a listed object, and the object."""


class JitteredBackoff:
    """Endless delays between retries: kopf stops watching when its finite delays are used up by an outage."""

    def __init__(self, initial_s: float, max_s: float) -> None:
        self._initial_s = initial_s
        self._max_s = max_s

    def __iter__(self) -> Iterator[float]:
        delay_s = self._initial_s
        while True:
            yield delay_s * random.uniform(0.5, 1)  # noqa: S311 - jitter needs no cryptographic randomness
            delay_s = min(delay_s * 2, self._max_s)


class NoDiffBaseStorage(kopf.DiffBaseStorage):
    """Stores no state: kopf would copy each object five times to find out what changed."""

    def build(self, *, body: kopf.Body, extra_fields: Iterable[Any] | None = None) -> kopf.BodyEssence:  # noqa: ARG002
        return kopf.BodyEssence()

    def fetch(self, *, body: kopf.Body) -> kopf.BodyEssence | None:  # noqa: ARG002
        return None

    def store(self, *, body: kopf.Body, patch: kopf.Patch, essence: kopf.BodyEssence) -> None:
        """Store nothing."""


def registry(watched: Iterable[Resource], on_event: EventHandler) -> kopf.OperatorRegistry:
    """A registry with one handler for each watched resource."""
    handlers = kopf.OperatorRegistry()
    kopf.on.login(registry=handlers)(login)
    for resource in watched:
        kopf.on.event(*selector(resource), registry=handlers)(_handler(resource, on_event))
    return handlers


def login(**context: Any) -> kopf.ConnectionInfo | None:  # noqa: ANN401 - kopf's signature
    """Credentials of the pod's service account, or outside of a cluster those of the kubeconfig."""
    return kopf.login_with_service_account(**context) or kopf.login_with_kubeconfig(**context)


class _Handler(Protocol):
    async def __call__(self, event: Any, **context: Any) -> None: ...  # noqa: ANN401 - kopf's signature


def _handler(resource: Resource, on_event: EventHandler) -> _Handler:
    kind = {"apiVersion": resource.api_version, "kind": resource.kind}  # kopf's listed objects lack them

    async def handler(event: Any, **_context: Any) -> None:  # noqa: ANN401 - kopf's signature
        on_event(event["type"], {**event["object"], **kind})

    return handler


def settings(watched: Iterable[Resource]) -> kopf.OperatorSettings:
    """Kopf's settings for watching only: without peering, Events, stored state and limits on retries."""
    created = kopf.OperatorSettings()
    created.peering.standalone = True
    created.posting.enabled = False
    created.persistence.diffbase_storage = NoDiffBaseStorage()
    created.process.ultimate_exiting_timeout = None  # it would kill the whole process
    created.scanning.disabled = True  # discovery determines the kinds
    created.networking.error_backoffs = JitteredBackoff(0.5, 10)
    created.networking.request_timeout = 30
    created.networking.connect_timeout = 10
    created.watching.server_timeout = 300
    created.watching.client_timeout = 330
    created.watching.connect_timeout = 10
    created.watching.chunk_size = 500
    for resource in watched:
        if resource != DIARIZATION_SERVICES:  # without the label selector all pods of the cluster are streamed
            created.watching.label_selectors[selector(resource)] = MANAGED_BY_OPERATOR
    return created


def selector(resource: Resource) -> tuple[str, str, str]:
    """Kopf's selector of a resource: group, version and plural name."""
    group, _, version = resource.api_version.rpartition("/")
    return group, version, resource.plural
