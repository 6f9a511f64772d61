"""Stands between the operator and the API server: remembers what is asked, and can cut, hush and answer wrongly."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
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
class Asked:
    """A request and the status of its answer, 0 until there is one."""

    method: str
    path: str
    watch: bool
    agent: str
    at_s: float
    status: int = 0

    @property
    def writes(self) -> bool:
        """Whether it changes something other than a Lease."""
        return self.method in WRITES and "/leases" not in self.path


@dataclass
class Fault:
    """A wrong answer, for so many requests that it fits."""

    status: int
    times: int
    fits: Callable[[Asked], bool]


@dataclass
class ApiProxy:
    """Speaks plain HTTP on `url`. Its methods are called from the test's thread."""

    upstream: str
    port: int = field(default_factory=free_port)
    asked: list[Asked] = field(default_factory=list[Asked])
    after_write: Callable[[int], None] | None = None
    """Called with the number of writes so far when the API server has carried one out, before the answer goes on."""
    kubeconfig: Path = Path()
    """Kubeconfig of an operator that goes this way."""
    _writes: int = 0
    _faults: list[Fault] = field(default_factory=list[Fault])
    _streams: dict[web.StreamResponse, asyncio.Event] = field(default_factory=dict[web.StreamResponse, asyncio.Event])
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    @property
    def url(self) -> str:
        """Where the operator is to go."""
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Ends every connection and refuses new ones."""
        self._call(self._cut())

    def mend(self) -> None:
        """Everything passes again; what was held up goes on."""
        self._call(self._mend())

    def hush(self) -> None:
        """Every connection stays, and new ones are taken, but nothing passes in either direction."""
        self._call(self._set_passing(passing=False))

    def hush_watches(self) -> None:
        """The watches that there are never say anything again; everything else passes."""
        self._call(self._hush_watches())

    def break_watches(self, code: int) -> None:
        """Each watch says that error, as the API server does for a version that it no longer knows."""
        self._call(self._break_watches(code))

    def inject(self, status: int, times: int, fits: Callable[[Asked], bool] = lambda _asked: True) -> None:
        """The next requests that fit are answered with that status and never reach the API server."""
        self._faults.append(Fault(status, times, fits))

    def injected(self) -> bool:
        """Whether every wrong answer was given."""
        return all(fault.times == 0 for fault in self._faults)

    def _call(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _open(self) -> None:
        self._passing = asyncio.Event()
        self._passing.set()
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
        self._passing.set()
        await self._cut()
        await self._runner.cleanup()
        await self._session.close()
        await asyncio.sleep(0.25)  # TLS connections take a moment to close

    async def _cut(self) -> None:
        await self._site.stop()
        server = self._runner.server
        assert server is not None
        for connection in server.connections:
            if connection.transport is not None:
                connection.transport.abort()

    async def _mend(self) -> None:
        self._passing.set()
        if not self._runner.sites:
            await self._listen()

    async def _set_passing(self, *, passing: bool) -> None:
        (self._passing.set if passing else self._passing.clear)()

    async def _hush_watches(self) -> None:
        for speaks in self._streams.values():
            speaks.clear()

    async def _break_watches(self, code: int) -> None:
        event = {"type": "ERROR", "object": _status(code)}
        for stream in [*self._streams]:
            await stream.write(json.dumps(event).encode() + b"\n")

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        asked = Asked(
            request.method,
            request.path,
            "watch" in request.query,
            request.headers.get("User-Agent", ""),
            time.monotonic(),
        )
        self.asked.append(asked)
        await self._passing.wait()
        for fault in self._faults:
            if fault.times and fault.fits(asked):
                fault.times -= 1
                asked.status = fault.status
                return web.json_response(_status(fault.status), status=fault.status)
        return await self._forward(request, asked)

    async def _forward(self, request: web.Request, asked: Asked) -> web.StreamResponse:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
        url = URL(self.upstream + request.raw_path, encoded=True)
        body = await request.read() if request.can_read_body else None
        async with self._session.request(request.method, url, headers=headers, data=body) as answer:
            asked.status = answer.status
            if asked.watch:
                return await self._stream(request, answer)
            content = await answer.read()
            self._count(asked)
            await self._passing.wait()
            return web.Response(status=answer.status, headers=_passed_on(answer), body=content)

    def _count(self, asked: Asked) -> None:
        self._writes += asked.writes
        if asked.writes and self.after_write is not None:
            self.after_write(self._writes)

    async def _stream(self, request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
        stream, speaks = web.StreamResponse(status=answer.status, headers=_passed_on(answer)), asyncio.Event()
        speaks.set()
        await stream.prepare(request)
        self._streams[stream] = speaks
        try:
            with suppress(aiohttp.ClientConnectionResetError):  # who watched was killed
                async for chunk in answer.content.iter_any():
                    await self._passing.wait()
                    await speaks.wait()
                    await stream.write(chunk)
                await speaks.wait()
                await stream.write_eof()
        finally:
            del self._streams[stream]
        return stream


def _passed_on(answer: aiohttp.ClientResponse) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.lower() not in HOP_BY_HOP}


def _status(code: int) -> dict[str, Any]:
    said = {"status": "Failure", "code": code, "message": f"injected {code}", "reason": "Injected"}
    return {"apiVersion": "v1", "kind": "Status", "metadata": {}, **said}


@contextmanager
def proxied(plane: ControlPlane) -> Iterator[ApiProxy]:
    """A proxy in a thread of its own."""
    proxy = ApiProxy(plane.url)
    proxy.kubeconfig = plane.through(proxy.url)
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
