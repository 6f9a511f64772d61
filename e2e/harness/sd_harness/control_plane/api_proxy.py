"""HTTP proxy between the operator and the API server that records requests and injects faults."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
from aiohttp import web
from yarl import URL

from sd_harness.control_plane.control_plane import ControlPlane
from sd_harness.control_plane.processes import free_port

WRITES = ("POST", "PUT", "PATCH", "DELETE")
HOP_BY_HOP = ("connection", "host", "transfer-encoding", "content-length", "keep-alive")
Result = TypeVar("Result")


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
class ApiProxy:
    """Serves plain HTTP on `url` in a thread of its own; its methods are called from the test's thread."""

    upstream: str
    port: int = field(default_factory=free_port)
    requests: list[ProxiedRequest] = field(default_factory=list[ProxiedRequest])
    after_write: Callable[[int], None] | None = None
    """Called with the number of writes so far after each write, before its response is forwarded."""
    kubeconfig: Path = Path()
    """Kubeconfig of an operator that connects through this proxy."""
    _writes: int = 0
    _faults: list[Fault] = field(default_factory=list[Fault])
    _streams: dict[web.StreamResponse, asyncio.Event] = field(default_factory=dict[web.StreamResponse, asyncio.Event])
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    @property
    def url(self) -> str:
        """The proxy's own URL."""
        return f"http://127.0.0.1:{self.port}"

    def disconnect(self) -> None:
        """Close every connection and refuse new ones."""
        self._call(self._disconnect())

    def restore(self) -> None:
        """Accept connections and forward traffic again, including what was held back."""
        self._call(self._restore())

    def stall(self) -> None:
        """Keep and accept connections, but forward nothing in either direction."""
        self._call(self._set_forwarding(enabled=False))

    def stall_watches(self) -> None:
        """Stop forwarding the events of all current watches; forward everything else."""
        self._call(self._stall_watches())

    def fail_watches(self, code: int) -> None:
        """Send an ERROR event on each watch, as the API server does for an expired resourceVersion."""
        self._call(self._fail_watches(code))

    def inject(
        self, status: int, times: int, matches: Callable[[ProxiedRequest], bool] = lambda _request: True
    ) -> None:
        """Respond to the next matching requests with that status without forwarding them."""
        self._faults.append(Fault(status, times, matches))

    def all_faults_used(self) -> bool:
        """Return True if every injected error response was sent."""
        return all(fault.times == 0 for fault in self._faults)

    def _call(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _open(self) -> None:
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

    async def _listen(self) -> None:
        self._site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await self._site.start()

    async def _close(self) -> None:
        self._forwarding.set()
        await self._disconnect()
        await self._runner.cleanup()
        await self._session.close()
        await asyncio.sleep(0.25)  # aiohttp closes TLS connections in the background

    async def _disconnect(self) -> None:
        await self._site.stop()
        server = self._runner.server
        assert server is not None
        for connection in server.connections:
            if connection.transport is not None:
                connection.transport.abort()

    async def _restore(self) -> None:
        self._forwarding.set()
        if not self._runner.sites:
            await self._listen()

    async def _set_forwarding(self, *, enabled: bool) -> None:
        (self._forwarding.set if enabled else self._forwarding.clear)()

    async def _stall_watches(self) -> None:
        for not_stalled in self._streams.values():
            not_stalled.clear()

    async def _fail_watches(self, code: int) -> None:
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
        for fault in self._faults:
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


@contextmanager
def proxied(plane: ControlPlane) -> Iterator[ApiProxy]:
    """Run a proxy in front of the control plane's API server until the block ends."""
    proxy = ApiProxy(plane.url)
    proxy.kubeconfig = plane.kubeconfig_for(proxy.url)
    thread = threading.Thread(target=proxy._loop.run_forever, daemon=True)
    thread.start()
    proxy._call(proxy._open())
    try:
        yield proxy
    finally:
        proxy._call(proxy._close())
        proxy._loop.call_soon_threadsafe(proxy._loop.stop)
        thread.join(10)
        proxy._loop.close()
