"""What the kubelet and Prometheus ask the operator: /healthz, /readyz, /metrics."""

from collections.abc import Callable

from aiohttp import web

from sd_operator.runtime.metrics import Metrics

Ready = Callable[[], bool]


def application(ready: Ready, metrics: Metrics) -> web.Application:
    """The three pages. That /healthz answers at all shows that the event loop turns."""

    async def healthz(_request: web.Request) -> web.Response:
        return web.Response(text="The operator is running.\n")

    async def readyz(_request: web.Request) -> web.Response:
        if ready():
            return web.Response(text="The operator has seen every DiarizationService and watches them.\n")
        return web.Response(status=503, text="The operator has not yet listed what it looks after; its log says why.\n")

    async def page(_request: web.Request) -> web.Response:
        return web.Response(body=metrics.render(), headers={"Content-Type": "text/plain; version=0.0.4"})

    pages = web.Application()
    pages.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", page)])
    return pages


async def serve(pages: web.Application, port: int) -> web.AppRunner:
    """Starts to answer on every address; `cleanup()` of what is returned ends it."""
    runner = web.AppRunner(pages, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, port=port).start()
    return runner
