"""HTTP endpoints for the kubelet and Prometheus: /healthz, /readyz and /metrics."""

from collections.abc import Callable

from aiohttp import web

from sd_operator.metrics import Metrics

STUCK_AFTER_S = 600.0
"""Every request to the API server times out within seconds; a reconcile that runs for this long never finishes."""


def application(
    is_ready: Callable[[], bool], longest_running_s: Callable[[], float], metrics: Metrics
) -> web.Application:
    """The three endpoints. Any response at all shows that the event loop is not blocked.

    `is_ready` returns True if the cache is synced and the watches are running, whether or not this pod is the leader;
    `longest_running_s` returns the duration of the longest reconcile in progress.
    """

    async def healthz(_request: web.Request) -> web.Response:
        if longest_running_s() > STUCK_AFTER_S:
            return _text(f"A reconcile has run for more than {STUCK_AFTER_S:.0f} s; restart the operator.", 503)
        return _text("The operator is running.")

    async def readyz(_request: web.Request) -> web.Response:
        if is_ready():
            return _text("The cache is synced and the watches are running.")
        return _text("The cache is not synced or the watches are not running; see the operator's log.", 503)

    async def metrics_page(_request: web.Request) -> web.Response:
        return web.Response(body=metrics.render(), headers={"Content-Type": "text/plain; version=0.0.4"})

    created = web.Application()
    created.add_routes(
        [
            web.get("/healthz", healthz),
            web.get("/readyz", readyz),
            web.get("/metrics", metrics_page),
        ]
    )
    return created


def _text(sentence: str, status: int = 200) -> web.Response:
    return web.Response(text=f"{sentence}\n", status=status)


async def serve(endpoints: web.Application, port: int) -> web.AppRunner:
    """Start serving on all addresses; `cleanup()` of the returned runner stops it."""
    runner = web.AppRunner(endpoints, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, port=port).start()
    return runner
