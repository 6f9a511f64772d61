"""The server of the API proxy: records requests, forwards them, and injects faults. It runs in one event loop."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web
from yarl import URL

WRITES = ("POST", "PUT", "PATCH", "DELETE")
HOP_BY_HOP = ("connection", "host", "transfer-encoding", "content-length", "keep-alive")


@dataclass
class ProxiedRequest:
    """A request; `status` is its response's HTTP status, 0 until there is a response."""

    method: str
    path: str
    is_watch: bool
    user_agent: str
    at_s: float
    status: int = 0

    @property
    def is_write(self) -> bool:
        """True if the request changes an object other than a Lease."""
        return self.method in WRITES and "/leases" not in self.path


@dataclass
class Fault:
    """An error response for the next `times` requests that match."""

    status: int
    times: int
    matches: Callable[[ProxiedRequest], bool]


@dataclass
class ProxyServer:
    """Forwards plain HTTP from a local port to an upstream server."""

    upstream: str
    port: int
    requests: list[ProxiedRequest] = field(default_factory=list[ProxiedRequest])
    faults: list[Fault] = field(default_factory=list[Fault])
    after_write: Callable[[int], None] | None = None
    _writes: int = 0
    _streams: dict[web.StreamResponse, asyncio.Event] = field(default_factory=dict[web.StreamResponse, asyncio.Event])

    async def open(self) -> None:
        """Start to accept connections."""
        self._forwarding = asyncio.Event()
        self._forwarding.set()
        timeout = aiohttp.ClientTimeout(total=None)
        connector = aiohttp.TCPConnector(limit=0, ssl=False)
        self._session = aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False)
        application = web.Application(client_max_size=2**24)
        application.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(application, access_log=None, handler_cancellation=True)
        await self._runner.setup()
        await self._listen()

    async def close(self) -> None:
        """Close all connections in both directions."""
        self._forwarding.set()
        await self.disconnect()
        await self._runner.cleanup()
        await self._session.close()
        await asyncio.sleep(0.25)  # aiohttp closes TLS connections in the background

    async def _listen(self) -> None:
        self._site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await self._site.start()

    async def disconnect(self) -> None:
        """Close every connection and refuse new ones."""
        await self._site.stop()
        server = self._runner.server
        assert server is not None
        for connection in server.connections:
            if connection.transport is not None:
                connection.transport.abort()

    async def restore(self) -> None:
        """Accept connections and forward traffic again, including what was held back."""
        self._forwarding.set()
        if not self._runner.sites:
            await self._listen()

    async def stall(self) -> None:
        """Keep and accept connections, but forward nothing."""
        self._forwarding.clear()

    async def stall_watches(self) -> None:
        """Stop forwarding the events of all current watches."""
        for not_stalled in self._streams.values():
            not_stalled.clear()

    async def fail_watches(self, code: int) -> None:
        """Send an ERROR event on each watch."""
        event = {"type": "ERROR", "object": _status(code)}
        for stream in [*self._streams]:
            await stream.write(json.dumps(event).encode() + b"\n")

    async def _handle(self, incoming: web.Request) -> web.StreamResponse:
        request = ProxiedRequest(
            incoming.method,
            incoming.path,
            "watch" in incoming.query,
            incoming.headers.get("User-Agent", ""),
            time.monotonic(),
        )
        self.requests.append(request)
        await self._forwarding.wait()
        for fault in self.faults:
            if fault.times and fault.matches(request):
                fault.times -= 1
                request.status = fault.status
                return web.json_response(_status(fault.status), status=fault.status)
        return await self._forward(incoming, request)

    async def _forward(self, incoming: web.Request, request: ProxiedRequest) -> web.StreamResponse:
        url = URL(self.upstream + incoming.raw_path, encoded=True)
        body = await incoming.read() if incoming.can_read_body else None
        headers = _end_to_end(incoming.headers)
        async with self._session.request(incoming.method, url, headers=headers, data=body) as response:
            request.status = response.status
            if request.is_watch:
                return await self._stream(incoming, response)
            content = await response.read()
            self._count(request)
            await self._forwarding.wait()
            return web.Response(status=response.status, headers=_end_to_end(response.headers), body=content)

    def _count(self, request: ProxiedRequest) -> None:
        self._writes += request.is_write
        if request.is_write and self.after_write is not None:
            self.after_write(self._writes)

    async def _stream(self, incoming: web.Request, response: aiohttp.ClientResponse) -> web.StreamResponse:
        stream = web.StreamResponse(status=response.status, headers=_end_to_end(response.headers))
        not_stalled = asyncio.Event()
        not_stalled.set()
        await stream.prepare(incoming)
        self._streams[stream] = not_stalled
        try:
            with suppress(aiohttp.ClientConnectionResetError):  # the watching process may be killed by the test
                async for chunk in response.content.iter_any():
                    await self._forwarding.wait()
                    await not_stalled.wait()
                    await stream.write(chunk)
                await not_stalled.wait()
                await stream.write_eof()
        finally:
            del self._streams[stream]
        return stream


def _end_to_end(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in HOP_BY_HOP}


def _status(code: int) -> dict[str, Any]:
    failure = {"status": "Failure", "code": code, "message": f"injected {code}", "reason": "Injected"}
    return {"apiVersion": "v1", "kind": "Status", "metadata": {}, **failure}
