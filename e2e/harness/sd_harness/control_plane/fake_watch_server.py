"""A fake API server with discovery, lists and watch streams, as far as kopf needs them, in the test's event loop."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer
from sd_operator.resources import LEASES, WATCHED_RESOURCES, Manifest, Resource

NAMESPACES = Resource("v1", "Namespace", "namespaces")
"""kopf does not start before discovery has returned this resource."""
SERVED = (NAMESPACES, *WATCHED_RESOURCES)
VERBS = ["get", "list", "watch", "create", "patch", "update", "delete"]


class FakeWatchServer:
    """Stores objects by plural name and one Lease; sends the watch events that a test queues."""

    def __init__(self) -> None:
        self.url = ""
        self.objects: dict[str, list[Manifest]] = defaultdict(list)
        self.leases: list[Manifest] = []
        self._events: dict[str, asyncio.Queue[Manifest]] = defaultdict(asyncio.Queue)

    def send_event(self, resource: Resource, event_type: str, live: Manifest) -> None:
        """Send an event to the watch of a resource."""
        self._events[resource.plural].put_nowait({"type": event_type, "object": live})

    def kubeconfig(self, folder: Path) -> Path:
        """Write a kubeconfig for this server."""
        path = folder / "kubeconfig"
        path.write_text(
            yaml.safe_dump(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": "test",
                    "clusters": [{"name": "test", "cluster": {"server": self.url}}],
                    "users": [{"name": "test", "user": {"token": "test"}}],
                    "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
                }
            )
        )
        return path

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Respond to discovery, to lists and watches, and to requests for the Lease."""
        path = request.path.strip("/")
        if path in ("api", "apis"):
            return web.json_response({"versions": ["v1"], "groups": _groups()})
        if "/leases" in request.path:
            return await self._lease(request)
        found = [each for each in SERVED if request.path in (each.path(), _root(each))]
        if not found:
            return web.json_response({"message": "not found"}, status=404)
        if request.path == _root(found[0]):
            return web.json_response({"resources": [_api_resource(each) for each in found]})
        if "watch" in request.query:
            return await self._watch(request, found[0])
        return web.json_response({"metadata": {"resourceVersion": "10"}, "items": self.objects[found[0].plural]})

    async def _watch(self, request: web.Request, resource: Resource) -> web.StreamResponse:
        stream = web.StreamResponse()
        await stream.prepare(request)
        while True:
            event = await self._events[resource.plural].get()
            await stream.write(json.dumps(event).encode() + b"\n")

    async def _lease(self, request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            stored = self.leases[-1] if self.leases else None
            return web.json_response(stored or {"message": "not found"}, status=200 if stored else 404)
        lease: Manifest = await request.json()
        version = str(len(self.leases) + 1)
        self.leases.append(lease | {"metadata": lease["metadata"] | {"resourceVersion": version}})
        return web.json_response(self.leases[-1])


def _root(resource: Resource) -> str:
    return resource.path().removesuffix(f"/{resource.plural}")


def _groups() -> list[dict[str, Any]]:
    versions = {each.api_version for each in (*SERVED, LEASES) if "/" in each.api_version}
    return [
        {
            "name": version.partition("/")[0],
            "versions": [{"groupVersion": version, "version": version.partition("/")[2]}],
            "preferredVersion": {"groupVersion": version, "version": version.partition("/")[2]},
        }
        for version in sorted(versions)
    ]


def _api_resource(resource: Resource) -> dict[str, Any]:
    return {
        "name": resource.plural,
        "singularName": resource.kind.lower(),
        "kind": resource.kind,
        "namespaced": True,
        "verbs": VERBS,
    }


@asynccontextmanager
async def fake_watch_server() -> AsyncIterator[FakeWatchServer]:
    """Run a FakeWatchServer until the block ends."""
    server = FakeWatchServer()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", server.handle)
    async with TestServer(application, handler_cancellation=True) as running:
        server.url = str(running.make_url("")).rstrip("/")
        yield server
