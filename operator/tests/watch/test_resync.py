"""The cache is filled from lists: at the start, when something may have been missed, and from time to time."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sd_harness.services.live_objects import pod, resource
from sd_harness.services.service_specs import DEMO
from sd_operator.kube.cache import Cache, Key
from sd_operator.kube.client import Listing
from sd_operator.kube.discovery import CORE, Discovery
from sd_operator.kube.errors import UnavailableError
from sd_operator.resources import DIARIZATION_SERVICES, JOBS, MANAGED_BY_OPERATOR, PODS, Manifest, Resource
from sd_operator.watch.resync import Resync

DEMO_KEY = Key("default", "demo")


class StoredObjects:
    """The lists of a cluster. The operator's other questions are not asked here."""

    def __init__(self, *objects: Manifest) -> None:
        self.objects = [*objects]
        self.asked = Counter[tuple[str, str]]()
        self.away = False

    async def list(self, kind: Resource, label_selector: str = "") -> Listing:
        if self.away:
            raise UnavailableError("The API server is away.")
        self.asked[kind.kind, label_selector] += 1
        return Listing(10, [each for each in self.objects if each["kind"] == kind.kind])


class Started:
    """A Resync at work."""

    def __init__(self, cluster: StoredObjects, present: frozenset[str], interval_s: float) -> None:
        played: Any = cluster
        self.cache, self.added = Cache(), list[Key]()
        self.discovery = Discovery(played, present)
        self.resync = Resync(played, self.cache, self.discovery, self.added.append, interval_s=interval_s, retry_s=0.05)


@asynccontextmanager
async def started(
    cluster: StoredObjects, present: frozenset[str] = CORE, interval_s: float = 60
) -> AsyncIterator[Started]:
    """Runs it for as long as the block does."""
    begun = Started(cluster, present, interval_s)
    running = asyncio.create_task(begun.resync.run())
    yield begun
    running.cancel()


async def test_everything_is_listed_by_label_and_every_service_looked_at() -> None:
    cluster = StoredObjects(resource(DEMO), pod())
    async with started(cluster) as begun:
        await asyncio.wait_for(begun.resync.done.wait(), 5)
    assert cluster.asked[DIARIZATION_SERVICES.kind, ""] == 1
    assert {kind for (kind, selector), _ in cluster.asked.items() if selector == MANAGED_BY_OPERATOR} == CORE | {
        JOBS.kind,
        PODS.kind,
    }
    assert begun.added == [DEMO_KEY]
    assert len(begun.cache.serving_pods(DEMO_KEY)) == 1


async def test_a_service_that_is_gone_is_looked_at_once_more() -> None:
    cluster = StoredObjects()
    async with started(cluster) as begun:
        begun.cache.upsert(resource(DEMO))
        await asyncio.wait_for(begun.resync.done.wait(), 5)
    assert (begun.added, begun.cache.keys()) == ([DEMO_KEY], set())


async def test_what_could_not_be_listed_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    cluster = StoredObjects(resource(DEMO))
    cluster.away = True
    async with started(cluster) as begun:
        await asyncio.sleep(0.1)
        assert not begun.resync.done.is_set()
        cluster.away = False
        await asyncio.wait_for(begun.resync.done.wait(), 5)
    assert begun.added == [DEMO_KEY]
    assert "The API server is away." in caplog.messages[0]


async def test_what_may_have_been_missed_is_listed_at_once() -> None:
    cluster = StoredObjects()
    async with started(cluster) as begun:
        await asyncio.wait_for(begun.resync.done.wait(), 5)
        cluster.objects.append(resource(DEMO))
        begun.resync.again()
        assert not begun.resync.done.is_set()
        await asyncio.wait_for(begun.resync.done.wait(), 5)
        assert begun.cache.keys() == {DEMO_KEY}


async def test_everything_is_listed_again_when_it_is_time() -> None:
    cluster = StoredObjects()
    async with started(cluster, interval_s=0.01) as begun:
        await asyncio.wait_for(begun.resync.done.wait(), 5)
        cluster.objects.append(resource(DEMO))
        await asyncio.sleep(0.2)
        assert begun.cache.keys() == {DEMO_KEY}


async def test_a_kind_that_the_cluster_lost_is_neither_listed_nor_kept() -> None:
    monitor = pod("monitor") | {"kind": "PodMonitor", "apiVersion": "monitoring.coreos.com/v1"}
    cluster = StoredObjects(resource(DEMO), monitor)
    async with started(cluster, CORE | {"PodMonitor"}) as begun:
        await asyncio.wait_for(begun.resync.done.wait(), 5)
        assert [each["kind"] for each in begun.cache.children(DEMO_KEY)] == ["PodMonitor"]
        begun.discovery.available = CORE
        begun.resync.again()
        await asyncio.wait_for(begun.resync.done.wait(), 5)
        assert begun.cache.children(DEMO_KEY) == []
    assert cluster.asked["PodMonitor", MANAGED_BY_OPERATOR] == 1
