"""Events that kopf reports update the cache and enqueue services; deletions that it misses lead to a resync."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sd_harness.services.live_objects import pod, resource
from sd_harness.services.service_specs import DEMO
from sd_operator.kube.cache import Cache, Key
from sd_operator.kube.discovery import Discovery
from sd_operator.metrics import Metrics
from sd_operator.watch.kopf_watcher import KopfWatcher

DEMO_KEY = Key("default", "demo")


class FakeResync:
    """Counts the requests for a resync."""

    def __init__(self) -> None:
        self.requests = 0
        self.requested = asyncio.Event()

    def request(self) -> None:
        self.requests += 1
        self.requested.set()


class WatcherUnderTest:
    """A watcher that checks for missed deletions after 10 ms, with its cache, resync and enqueued keys."""

    def __init__(self) -> None:
        self.cache, self.enqueued, self.resync = Cache(), list[Key](), FakeResync()
        no_client: Any = None
        resync: Any = self.resync
        self.watcher = KopfWatcher(
            cache=self.cache,
            discovery=Discovery(no_client),
            resync=resync,
            enqueue=self.enqueued.append,
            metrics=Metrics(),
            first_check_s=0.01,
        )
        self.handle_event = self.watcher.handle_event


@pytest.fixture
def watched() -> WatcherUnderTest:
    """A watcher without any events yet."""
    return WatcherUnderTest()


def test_an_event_updates_the_cache_and_enqueues_the_service(watched: WatcherUnderTest) -> None:
    watched.handle_event(None, resource(DEMO))
    watched.handle_event("ADDED", pod())
    assert (watched.enqueued, len(watched.cache.serving_pods(DEMO_KEY))) == ([DEMO_KEY, DEMO_KEY], 1)
    watched.handle_event("DELETED", pod())
    assert (len(watched.enqueued), watched.cache.serving_pods(DEMO_KEY)) == (3, [])


def test_the_first_list_requests_no_resync(watched: WatcherUnderTest) -> None:
    watched.handle_event(None, resource(DEMO))
    watched.handle_event(None, pod())
    watched.handle_event("MODIFIED", pod(version=2))
    assert watched.resync.requests == 0


def test_a_second_list_requests_a_resync(watched: WatcherUnderTest) -> None:
    watched.handle_event(None, resource(DEMO))
    watched.handle_event("ADDED", pod("a"))
    watched.handle_event(None, pod("a"))
    assert watched.resync.requests == 1


def test_listing_an_object_after_its_deletion_requests_no_resync(watched: WatcherUnderTest) -> None:
    watched.handle_event("ADDED", pod("a"))
    watched.handle_event("DELETED", pod("a"))
    watched.handle_event(None, pod("a"))
    assert watched.resync.requests == 0


@asynccontextmanager
async def checking(watched: WatcherUnderTest) -> AsyncIterator[None]:
    """Run the check for missed deletions until the block ends."""
    check = asyncio.ensure_future(watched.watcher.detect_missed_deletions())
    watched.watcher.ready.set()
    await asyncio.sleep(0)
    yield
    check.cancel()


async def test_a_cached_object_that_no_watch_reports_leads_to_a_resync(watched: WatcherUnderTest) -> None:
    watched.cache.upsert(pod("deleted"))
    async with checking(watched):
        await asyncio.wait_for(watched.resync.requested.wait(), 5)


async def test_only_an_object_that_no_watch_reports_leads_to_a_resync(watched: WatcherUnderTest) -> None:
    watched.cache.upsert(pod("reported"))
    async with checking(watched):
        watched.handle_event(None, pod("reported"))
        watched.handle_event("ADDED", pod("new"))
        await asyncio.sleep(0.1)
        assert watched.resync.requests == 0
        watched.cache.upsert(pod("deleted"))  # shows that the check is running
        await asyncio.wait_for(watched.resync.requested.wait(), 5)
