"""What kopf does here: it watches, and every event puts a service on the queue. Nothing is decided in a handler."""

import random
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Protocol

import kopf

from sd_operator.runtime.cache import Cache, Key
from sd_operator.vocabulary import CHILD_KINDS, OURS, PODS, WATCHED, Manifest, Resource


class Jitter:
    """Waits without an end between tries: when kopf's run out, an API server's outage ends the operator."""

    def __init__(self, shortest_s: float, longest_s: float) -> None:
        self._shortest_s = shortest_s
        self._longest_s = longest_s

    def __iter__(self) -> Iterator[float]:
        wait_s = self._shortest_s
        while True:
            yield wait_s * random.uniform(0.5, 1)  # noqa: S311 - spreads load, hides nothing
            wait_s = min(wait_s * 2, self._longest_s)


def registry(cache: Cache, add: Callable[[Key], None], stop: Callable[[], Awaitable[None]]) -> kopf.OperatorRegistry:
    """Handlers for every kind that is watched; `stop` ends what runs beside kopf."""
    handlers = kopf.OperatorRegistry()
    kopf.on.login(registry=handlers)(login)
    kopf.on.cleanup(registry=handlers)(_cleanup(stop))
    for resource in WATCHED:
        kopf.on.event(*place(resource), registry=handlers)(_handler(resource, cache, add))
    return handlers


def login(**context: Any) -> kopf.ConnectionInfo | None:  # noqa: ANN401 - kopf's own
    """The pod's service account, or the kubeconfig of whoever runs the operator outside of a cluster."""
    return kopf.login_with_service_account(**context) or kopf.login_with_kubeconfig(**context)


def _cleanup(stop: Callable[[], Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    async def cleanup(**_context: Any) -> None:  # noqa: ANN401 - kopf's own
        """At its end kopf waits five seconds for tasks that it does not know; after this there are none."""
        await stop()

    return cleanup


class _Handler(Protocol):
    async def __call__(self, event: Any, **context: Any) -> None: ...  # noqa: ANN401 - kopf's own


def _handler(resource: Resource, cache: Cache, add: Callable[[Key], None]) -> _Handler:
    kind = {"apiVersion": resource.api_version, "kind": resource.kind}

    async def seen(event: Any, **_context: Any) -> None:  # noqa: ANN401 - kopf's own
        manifest: Manifest = {**event["object"], **kind}
        add(cache.remove(manifest) if event["type"] == "DELETED" else cache.put(manifest))

    return seen


def settings() -> kopf.OperatorSettings:
    """kopf, watching only: no peering, no posted events, no end to its patience."""
    chosen = kopf.OperatorSettings()
    chosen.peering.standalone = True
    chosen.posting.enabled = False
    chosen.scanning.disabled = True  # the kinds are known, and the CRD is there before kopf starts
    chosen.networking.error_backoffs = Jitter(1, 60)
    chosen.networking.request_timeout = 30
    chosen.networking.connect_timeout = 10
    chosen.watching.server_timeout = 300
    chosen.watching.client_timeout = 330
    chosen.watching.connect_timeout = 10
    chosen.watching.chunk_size = 500
    for resource in (*CHILD_KINDS, PODS):  # without this every pod of the cluster comes by
        chosen.watching.label_selectors[place(resource)] = OURS
    return chosen


def place(resource: Resource) -> tuple[str, str, str]:
    """A resource as kopf names it: group, version, plural."""
    group, _, version = resource.api_version.rpartition("/")
    return group, version, resource.plural
