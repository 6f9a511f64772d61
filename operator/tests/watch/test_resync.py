"""The cache is filled from lists: at the start, on request, and periodically."""

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


class FakeListClient:
    """The part of a KubeClient that lists objects."""

    def __init__(self, *objects: Manifest) -> None:
        self.objects = [*objects]
        self.lists = Counter[tuple[str, str]]()
        self.is_unavailable = False

    async def list(self, resource: Resource, label_selector: str = "") -> Listing:
        if self.is_unavailable:
            raise UnavailableError("The API server is unavailable.")
        self.lists[resource.kind, label_selector] += 1
        return Listing(10, [each for each in self.objects if each["kind"] == resource.kind])


class RunningResync:
    """A Resync with its cache, its discovery and the keys that it enqueued."""

    def __init__(self, client: FakeListClient, available: frozenset[str], interval_s: float) -> None:
        partial_client: Any = client
        self.cache, self.enqueued = Cache(), list[Key]()
        self.discovery = Discovery(partial_client, available)
        self.resync = Resync(
            partial_client, self.cache, self.discovery, self.enqueued.append, interval_s=interval_s, retry_s=0.05
        )


@asynccontextmanager
async def running_resync(
    client: FakeListClient, available: frozenset[str] = CORE, interval_s: float = 60
) -> AsyncIterator[RunningResync]:
    """Run a Resync until the block ends."""
    created = RunningResync(client, available, interval_s)
    task = asyncio.create_task(created.resync.run())
    yield created
    task.cancel()


async def test_all_kinds_are_listed_by_label_and_every_service_is_enqueued() -> None:
    client = FakeListClient(resource(DEMO), pod())
    async with running_resync(client) as running:
        await asyncio.wait_for(running.resync.synced.wait(), 5)
    assert client.lists[DIARIZATION_SERVICES.kind, ""] == 1
    assert {kind for kind, label_selector in client.lists if label_selector == MANAGED_BY_OPERATOR} == CORE | {
        JOBS.kind,
        PODS.kind,
    }
    assert running.enqueued == [DEMO_KEY]
    assert len(running.cache.serving_pods(DEMO_KEY)) == 1


async def test_a_deleted_service_is_enqueued_once_more() -> None:
    async with running_resync(FakeListClient()) as running:
        running.cache.upsert(resource(DEMO))
        await asyncio.wait_for(running.resync.synced.wait(), 5)
    assert (running.enqueued, running.cache.keys()) == ([DEMO_KEY], set())


async def test_a_failed_list_is_retried(caplog: pytest.LogCaptureFixture) -> None:
    client = FakeListClient(resource(DEMO))
    client.is_unavailable = True
    async with running_resync(client) as running:
        await asyncio.sleep(0.1)
        assert not running.resync.synced.is_set()
        client.is_unavailable = False
        await asyncio.wait_for(running.resync.synced.wait(), 5)
    assert running.enqueued == [DEMO_KEY]
    assert "The API server is unavailable." in caplog.messages[0]


async def test_an_invalidated_cache_is_listed_immediately() -> None:
    client = FakeListClient()
    async with running_resync(client) as running:
        await asyncio.wait_for(running.resync.synced.wait(), 5)
        client.objects.append(resource(DEMO))
        running.resync.invalidate()
        assert not running.resync.synced.is_set()
        await asyncio.wait_for(running.resync.synced.wait(), 5)
        assert running.cache.keys() == {DEMO_KEY}


async def test_a_requested_resync_lists_immediately_and_the_cache_stays_synced() -> None:
    client = FakeListClient()
    async with running_resync(client) as running:
        await asyncio.wait_for(running.resync.synced.wait(), 5)
        client.objects.append(resource(DEMO))
        running.resync.request()
        assert running.resync.synced.is_set()
        await asyncio.sleep(0.2)
        assert running.cache.keys() == {DEMO_KEY}


async def test_all_kinds_are_listed_again_after_the_interval() -> None:
    client = FakeListClient()
    async with running_resync(client, interval_s=0.01) as running:
        await asyncio.wait_for(running.resync.synced.wait(), 5)
        client.objects.append(resource(DEMO))
        await asyncio.sleep(0.2)
        assert running.cache.keys() == {DEMO_KEY}


async def test_a_kind_that_is_no_longer_served_is_neither_listed_nor_cached() -> None:
    monitor = pod("monitor") | {"kind": "PodMonitor", "apiVersion": "monitoring.coreos.com/v1"}
    client = FakeListClient(resource(DEMO), monitor)
    async with running_resync(client, CORE | {"PodMonitor"}) as running:
        await asyncio.wait_for(running.resync.synced.wait(), 5)
        assert [each["kind"] for each in running.cache.children(DEMO_KEY)] == ["PodMonitor"]
        running.discovery.available = CORE
        running.resync.invalidate()
        await asyncio.wait_for(running.resync.synced.wait(), 5)
        assert running.cache.children(DEMO_KEY) == []
    assert client.lists["PodMonitor", MANAGED_BY_OPERATOR] == 1
