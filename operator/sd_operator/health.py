"""What the kubelet and Prometheus ask the operator: /healthz, /readyz, /metrics."""

from collections.abc import Callable

from aiohttp import web

from sd_operator.metrics import Metrics

STUCK_AFTER_S = 600.0
"""Every request to the API server has a limit of seconds: a look that takes so long will never end."""


def application(ready: Callable[[], bool], longest_s: Callable[[], float], metrics: Metrics) -> web.Application:
    """The three pages. That one answers at all shows that the event loop turns.

    `ready` says whether the operator knows everything and hears of every change, whether or not it holds the Lease;
    `longest_s` how long the slowest look at a service has been under way.
    """

    async def healthz(_request: web.Request) -> web.Response:
        if longest_s() > STUCK_AFTER_S:
            return _page("A look at a service does not end; only a restart of the operator helps.", 503)
        return _page("The operator is running.")

    async def readyz(_request: web.Request) -> web.Response:
        if ready():
            return _page("The operator has seen every DiarizationService and watches them.")
        return _page(
            "The operator has not yet listed what it looks after, or is about to do so; its log says why.", 503
        )

    async def page(_request: web.Request) -> web.Response:
        return web.Response(body=metrics.render(), headers={"Content-Type": "text/plain; version=0.0.4"})

    pages = web.Application()
    pages.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", page)])
    return pages


def _page(sentence: str, status: int = 200) -> web.Response:
    return web.Response(text=f"{sentence}\n", status=status)


async def serve(pages: web.Application, port: int) -> web.AppRunner:
    """Starts to answer on every address; `cleanup()` of what is returned ends it."""
    runner = web.AppRunner(pages, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, port=port).start()
    return runner
