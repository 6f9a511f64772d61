"""What kopf hands over reaches the cache and the queue; what it does not say is made up for."""

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
from sd_operator.watch import watches
from sd_operator.watch.watches import Watches

DEMO_KEY = Key("default", "demo")


class AskedResync:
    """Counts how often it is asked to list everything."""

    def __init__(self) -> None:
        self.asked = 0

    def soon(self) -> None:
        self.asked += 1


class Fed:
    """Watches with what they feed."""

    def __init__(self) -> None:
        self.cache, self.added, self.resync = Cache(), list[Key](), AskedResync()
        nobody: Any = None
        resync: Any = self.resync
        self.watches = Watches(
            cache=self.cache, discovery=Discovery(nobody), resync=resync, add=self.added.append, metrics=Metrics()
        )


@pytest.fixture
def fed() -> Fed:
    """Watches that nothing was seen of yet."""
    return Fed()


def test_an_event_changes_the_cache_and_wakes_the_service(fed: Fed) -> None:
    fed.watches._deliver(None, resource(DEMO))
    fed.watches._deliver("ADDED", pod())
    assert (fed.added, len(fed.cache.serving_pods(DEMO_KEY))) == ([DEMO_KEY, DEMO_KEY], 1)
    fed.watches._deliver("DELETED", pod())
    assert (len(fed.added), fed.cache.serving_pods(DEMO_KEY)) == (3, [])


def test_the_first_list_is_the_whole_truth(fed: Fed) -> None:
    fed.watches._deliver(None, resource(DEMO))
    fed.watches._deliver(None, pod())
    fed.watches._deliver("MODIFIED", pod(version=2))
    assert fed.resync.asked == 0


def test_a_second_list_may_leave_out_what_was_deleted(fed: Fed) -> None:
    fed.watches._deliver(None, resource(DEMO))
    fed.watches._deliver("ADDED", pod("a"))
    fed.watches._deliver(None, pod("a"))
    assert fed.resync.asked == 1


def test_an_object_of_a_name_that_was_deleted_is_news(fed: Fed) -> None:
    fed.watches._deliver("ADDED", pod("a"))
    fed.watches._deliver("DELETED", pod("a"))
    fed.watches._deliver(None, pod("a"))
    assert fed.resync.asked == 0


@asynccontextmanager
async def looked(fed: Fed, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """A life of the watches in which what nobody tells of is looked for a hundred times a second."""
    monkeypatch.setattr(watches, "FIRST_LOOK_S", 0.01)
    monkeypatch.setattr(watches, "LONGEST_LOOK_S", 0.01)
    looks = asyncio.ensure_future(fed.watches._look_for_unheard())
    fed.watches.up.set()
    await asyncio.sleep(0)
    yield
    await asyncio.sleep(0.1)
    looks.cancel()


async def test_what_was_listed_and_is_told_of_by_no_watch_may_have_gone(
    fed: Fed, monkeypatch: pytest.MonkeyPatch
) -> None:
    fed.cache.upsert(pod("gone"))
    async with looked(fed, monkeypatch):
        pass
    assert fed.resync.asked > 0


async def test_what_a_watch_tells_of_is_there(fed: Fed, monkeypatch: pytest.MonkeyPatch) -> None:
    fed.cache.upsert(pod("stays"))
    async with looked(fed, monkeypatch):
        fed.watches._deliver(None, pod("stays"))
        fed.watches._deliver("ADDED", pod("new"))
    assert fed.resync.asked == 0
