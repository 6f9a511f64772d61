"""What kopf does here: it watches, and every event is handed on. Nothing is decided in a handler."""

import random
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

import kopf

from sd_operator.resources import DIARIZATION_SERVICES, MANAGED_BY_OPERATOR, Manifest, Resource

Deliver = Callable[[str | None, Manifest], None]
"""Takes the type of an event, none for an object that was listed, and the object."""


class Jitter:
    """Waits without an end between tries: when kopf's run out, an API server's outage ends the watches."""

    def __init__(self, shortest_s: float, longest_s: float) -> None:
        self._shortest_s = shortest_s
        self._longest_s = longest_s

    def __iter__(self) -> Iterator[float]:
        wait_s = self._shortest_s
        while True:
            yield wait_s * random.uniform(0.5, 1)  # noqa: S311 - spreads load, hides nothing
            wait_s = min(wait_s * 2, self._longest_s)


class Forgetful(kopf.DiffBaseStorage):
    """Remembers nothing of an object: kopf would copy each that comes by five times, to see what has changed in it."""

    def build(self, *, body: kopf.Body, extra_fields: Iterable[Any] | None = None) -> kopf.BodyEssence:  # noqa: ARG002
        return kopf.BodyEssence()

    def fetch(self, *, body: kopf.Body) -> kopf.BodyEssence | None:  # noqa: ARG002
        return None

    def store(self, *, body: kopf.Body, patch: kopf.Patch, essence: kopf.BodyEssence) -> None:
        """Nothing is stored."""


def registry(watched: Iterable[Resource], deliver: Deliver) -> kopf.OperatorRegistry:
    """A handler for every kind that is watched."""
    handlers = kopf.OperatorRegistry()
    kopf.on.login(registry=handlers)(login)
    for resource in watched:
        kopf.on.event(*place(resource), registry=handlers)(_handler(resource, deliver))
    return handlers


def login(**context: Any) -> kopf.ConnectionInfo | None:  # noqa: ANN401 - kopf's own
    """The pod's service account, or the kubeconfig of whoever runs the operator outside of a cluster."""
    return kopf.login_with_service_account(**context) or kopf.login_with_kubeconfig(**context)


class _Handler(Protocol):
    async def __call__(self, event: Any, **context: Any) -> None: ...  # noqa: ANN401 - kopf's own


def _handler(resource: Resource, deliver: Deliver) -> _Handler:
    kind = {"apiVersion": resource.api_version, "kind": resource.kind}

    async def seen(event: Any, **_context: Any) -> None:  # noqa: ANN401 - kopf's own
        deliver(event["type"], {**event["object"], **kind})

    return seen


def settings(watched: Iterable[Resource]) -> kopf.OperatorSettings:
    """kopf, watching only: no peering, no posted events, no end to its patience."""
    chosen = kopf.OperatorSettings()
    chosen.peering.standalone = True
    chosen.posting.enabled = False
    chosen.persistence.diffbase_storage = Forgetful()
    chosen.process.ultimate_exiting_timeout = None  # it would kill the process, not only the watches
    chosen.scanning.disabled = True  # the kinds are known, and what is there is found out elsewhere
    chosen.networking.error_backoffs = Jitter(0.5, 10)
    chosen.networking.request_timeout = 30
    chosen.networking.connect_timeout = 10
    chosen.watching.server_timeout = 300
    chosen.watching.client_timeout = 330
    chosen.watching.connect_timeout = 10
    chosen.watching.chunk_size = 500
    for resource in watched:
        if resource != DIARIZATION_SERVICES:  # without this every pod of the cluster comes by
            chosen.watching.label_selectors[place(resource)] = MANAGED_BY_OPERATOR
    return chosen


def place(resource: Resource) -> tuple[str, str, str]:
    """A resource as kopf names it: group, version, plural."""
    group, _, version = resource.api_version.rpartition("/")
    return group, version, resource.plural
