"""On the way down the pods that owe the least work go first."""

import asyncio
import math
from collections.abc import Iterable

import pytest
from aiohttp import web
from sd_harness.services.live_objects import pod
from sd_operator.kube.pod_backlog import PodBacklogReader, parse_backlog_s
from sd_operator.reconcile.decide import Change, Plan
from sd_operator.reconcile.scale_down import DELETION_COST, cost, goes_down
from sd_operator.resources import Manifest


def deployment(replicas: int) -> Manifest:
    """As much of a Deployment as matters here."""
    return {"kind": "Deployment", "metadata": {"name": "demo"}, "spec": {"replicas": replicas}}


@pytest.mark.parametrize(("wanted", "there", "down"), [(1, 3, True), (3, 1, False), (2, 2, False)])
def test_only_the_way_down_asks_the_pods(wanted: int, there: int, down: bool) -> None:  # noqa: FBT001
    assert goes_down(Plan([Change(deployment(wanted), deployment(there), "spec.replicas")])) is down


def test_a_new_deployment_asks_nobody() -> None:
    assert not goes_down(Plan([Change(deployment(1))]))


@pytest.mark.parametrize(("owed_s", "text"), [(0, "0"), (1.5, "1500"), (math.inf, "2147483647"), (1e12, "2147483647")])
def test_a_cost_is_a_whole_number_that_the_cluster_takes(owed_s: float, text: str) -> None:
    assert cost(owed_s) == text


def test_the_backlog_is_read_from_the_engines_page() -> None:
    assert parse_backlog_s("# TYPE sd_backlog_seconds gauge\nsd_backlog_seconds 12.5\n") == 12.5
    assert parse_backlog_s("up 1\n") == math.inf


def owed(pods: Iterable[Manifest], page: str, delay_s: float = 0) -> dict[str, float]:
    """What pods at 127.0.0.1 answer whose engines have that page."""

    async def metrics(_request: web.Request) -> web.Response:
        await asyncio.sleep(delay_s)
        return web.Response(text=page)

    async def ask() -> dict[str, float]:
        pages = web.Application()
        pages.add_routes([web.get("/metrics", metrics)])
        runner = web.AppRunner(pages)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            return await PodBacklogReader(port=runner.addresses[0][1]).backlog_s(pods)
        finally:
            await runner.cleanup()

    return asyncio.run(ask())


def test_every_pod_is_asked() -> None:
    asked = [pod("demo-1", podIP="127.0.0.1"), pod("demo-2")]
    assert owed(asked, "sd_backlog_seconds 3\n") == {"uid-demo-1": 3.0, "uid-demo-2": 0.0}


@pytest.mark.parametrize("page", ["", "sd_backlog_seconds much\n"])
def test_a_pod_that_does_not_say_is_the_busiest(page: str) -> None:
    assert owed([pod(podIP="127.0.0.1")], page) == {"uid-demo-1": math.inf}


def test_a_pod_that_is_slow_is_not_waited_for() -> None:
    assert owed([pod(podIP="127.0.0.1")], "sd_backlog_seconds 0\n", delay_s=2.5) == {"uid-demo-1": math.inf}


def test_the_annotation_is_the_clusters_own() -> None:
    assert DELETION_COST == "controller.kubernetes.io/pod-deletion-cost"
