"""Backlogs are read from all pods concurrently; a pod that does not report one counts as the busiest."""

import asyncio
import math
import time
from collections.abc import Iterable

import pytest
from aiohttp import web
from sd_harness.services.live_objects import pod
from sd_operator.kube.pod_backlog import PodBacklogReader, parse_backlog_s
from sd_operator.resources import Manifest


def test_the_backlog_is_parsed_from_the_engines_metrics() -> None:
    assert parse_backlog_s("# TYPE sd_backlog_seconds gauge\nsd_backlog_seconds 12.5\n") == 12.5
    assert parse_backlog_s("up 1\n") == math.inf


def backlogs(pods: Iterable[Manifest], page: str, delay_s: float = 0) -> dict[str, float]:
    """The backlogs of pods at 127.0.0.1 whose engines serve this page after a delay."""

    async def metrics(_request: web.Request) -> web.Response:
        await asyncio.sleep(delay_s)
        return web.Response(text=page)

    async def read() -> dict[str, float]:
        application = web.Application()
        application.add_routes([web.get("/metrics", metrics)])
        runner = web.AppRunner(application)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            return await PodBacklogReader(port=runner.addresses[0][1]).backlog_s(pods)
        finally:
            await runner.cleanup()

    return asyncio.run(read())


def test_a_pod_without_an_address_has_no_backlog() -> None:
    pods = [pod("demo-1", podIP="127.0.0.1"), pod("demo-2")]
    assert backlogs(pods, "sd_backlog_seconds 3\n") == {"uid-demo-1": 3.0, "uid-demo-2": 0.0}


@pytest.mark.parametrize("page", ["", "sd_backlog_seconds much\n"])
def test_a_pod_that_does_not_report_a_backlog_is_the_busiest(page: str) -> None:
    assert backlogs([pod(podIP="127.0.0.1")], page) == {"uid-demo-1": math.inf}


def test_slow_pods_time_out_together_and_count_as_the_busiest() -> None:
    pods = [pod("demo-1", podIP="127.0.0.1"), pod("demo-2", podIP="127.0.0.1")]
    started_s = time.monotonic()
    assert backlogs(pods, "sd_backlog_seconds 0\n", delay_s=2.5) == {"uid-demo-1": math.inf, "uid-demo-2": math.inf}
    assert time.monotonic() - started_s < 3.9
