"""A fake API server in the test's event loop: it records requests and returns scripted responses."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from kubernetes.aio import client
from sd_operator.kube.connection import Connection, RemainingSeconds, unlimited
from sd_operator.kube.rest_client import RestKubeClient
from sd_operator.metrics import Metrics

Responder = Callable[[web.Request], Awaitable[web.StreamResponse]]


class FakeApiServer:
    """Records method, path and JSON body of each request, its headers and its TCP connection."""

    def __init__(self, respond: Responder) -> None:
        self.requests: list[tuple[str, str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.connections: set[Any] = set()
        self._respond = respond

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Record a request and return the scripted response."""
        body = await request.text()
        self.requests.append((request.method, request.path_qs, json.loads(body) if body else None))
        self.headers.append(dict(request.headers))
        self.connections.add(request.transport)
        return await self._respond(request)


async def echo(request: web.Request) -> web.StreamResponse:
    """Return the request's body, as the API server returns an object that it stored."""
    return web.json_response(text=await request.text() or "{}")


def respond(status: int, body: Any) -> Responder:
    """Return the same response to every request."""

    async def responder(_request: web.Request) -> web.StreamResponse:
        return web.json_response(body, status=status)

    return responder


async def hang(_request: web.Request) -> web.StreamResponse:
    """Return no response within a test's time."""
    await asyncio.sleep(30)
    return web.Response()


def configuration(host: str) -> client.Configuration:
    """A client configuration with a bearer token."""
    created = client.Configuration()
    untyped: Any = created
    untyped.host, untyped.api_key = host, {"BearerToken": "Bearer abc"}
    return created


@asynccontextmanager
async def connected(
    responder: Responder = echo,
    lease_remaining_s: RemainingSeconds = unlimited,
    namespaces: tuple[str, ...] = (),
) -> AsyncIterator[tuple[RestKubeClient, FakeApiServer, Metrics]]:
    """A client that is connected to a fake API server."""
    async with connection_to(responder) as (connection, server, metrics):
        kube = RestKubeClient(connection, metrics, lease_remaining_s=lease_remaining_s, namespaces=namespaces)
        yield kube, server, metrics


@asynccontextmanager
async def connection_to(responder: Responder = echo) -> AsyncIterator[tuple[Connection, FakeApiServer, Metrics]]:
    """A connection to a fake API server."""
    server, metrics = FakeApiServer(responder), Metrics()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", server.handle)
    async with TestServer(application) as running:
        connection = Connection(configuration(str(running.make_url(""))), metrics, "operator (me)")
        yield connection, server, metrics
        await connection.close()
