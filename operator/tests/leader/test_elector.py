"""Work runs only while the Lease is held, whatever the API server does."""

import asyncio
import math
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from sd_operator.kube.errors import RejectedError, UnavailableError
from sd_operator.leader.election import LEASE_DURATION_S, RENEW_DEADLINE_S, holder_identity
from sd_operator.leader.elector import LeaderElector
from sd_operator.leader.lease import acquired, new_lease
from sd_operator.metrics import Metrics
from sd_operator.resources import Manifest


@dataclass
class FakeLock:
    """A stored Lease with resourceVersions, conflicts and injected failures."""

    lease: Manifest = field(default_factory=lambda: new_lease("sd-triton", "sd-triton-operator"))
    version: int = 0
    is_unavailable: bool = False
    loses_responses: bool = False

    async def read(self) -> Manifest:
        if self.is_unavailable:
            raise UnavailableError("The API server is unavailable.")
        return self.lease

    async def write(self, lease: Manifest) -> Manifest:
        if self.is_unavailable:
            raise UnavailableError("The API server is unavailable.")
        if lease["metadata"].get("resourceVersion") != self.lease["metadata"].get("resourceVersion"):
            deleted = "resourceVersion" not in self.lease["metadata"]
            raise RejectedError("not found" if deleted else "the object has been modified", 404 if deleted else 409)
        self.version += 1
        self.lease = lease | {"metadata": lease["metadata"] | {"resourceVersion": str(self.version)}}
        if self.loses_responses:
            raise UnavailableError("No response.")
        return self.lease


class Clock:
    """A clock that a test advances."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def lock() -> FakeLock:
    """A Lease without a holder."""
    return FakeLock()


@pytest.fixture
def clock() -> Clock:
    """The clock of all candidates."""
    return Clock()


def candidate(lock: FakeLock, clock: Clock, identity: str = "a") -> LeaderElector:
    """A candidate for the Lease."""
    return LeaderElector(lock, identity, Metrics(), clock)


async def test_the_first_candidate_acquires_the_lease_and_the_other_waits(lock: FakeLock, clock: Clock) -> None:
    first, second = candidate(lock, clock, "a"), candidate(lock, clock, "b")
    await first.try_acquire_or_renew()
    await second.try_acquire_or_renew()
    assert first.lease_remaining_s() == RENEW_DEADLINE_S
    assert second.lease_remaining_s() == -math.inf
    assert holder_identity(lock.lease) == "a"


async def test_a_leader_that_renews_keeps_the_lease(lock: FakeLock, clock: Clock) -> None:
    first, second = candidate(lock, clock, "a"), candidate(lock, clock, "b")
    for _ in range(20):
        await first.try_acquire_or_renew()
        await second.try_acquire_or_renew()
        clock.now_s += 2
    assert second.lease_remaining_s() == -math.inf
    assert lock.version == 20


async def test_a_leader_that_cannot_renew_stops_before_another_acquires_the_lease(lock: FakeLock, clock: Clock) -> None:
    first, second = candidate(lock, clock, "a"), candidate(lock, clock, "b")
    await first.try_acquire_or_renew()
    await second.try_acquire_or_renew()
    clock.now_s += RENEW_DEADLINE_S
    assert first.lease_remaining_s() == 0
    await second.try_acquire_or_renew()
    assert second.lease_remaining_s() == -math.inf
    clock.now_s += LEASE_DURATION_S - RENEW_DEADLINE_S
    await second.try_acquire_or_renew()
    assert second.lease_remaining_s() == RENEW_DEADLINE_S


async def test_a_suspended_leader_may_not_write_and_observes_its_successor(lock: FakeLock, clock: Clock) -> None:
    first, second = candidate(lock, clock, "a"), candidate(lock, clock, "b")
    await first.try_acquire_or_renew()
    await second.try_acquire_or_renew()
    clock.now_s += 60  # the first is suspended
    await second.try_acquire_or_renew()
    assert first.lease_remaining_s() < 0
    await first.try_acquire_or_renew()  # its renewal conflicts
    assert first.lease_remaining_s() < 0
    await first.try_acquire_or_renew()
    assert (first.lease_remaining_s(), holder_identity(lock.lease)) == (-math.inf, "b")


async def test_a_renewal_whose_response_was_lost_keeps_the_lease(lock: FakeLock, clock: Clock) -> None:
    first = candidate(lock, clock)
    await first.try_acquire_or_renew()
    lock.loses_responses, clock.now_s = True, clock.now_s + 2
    with pytest.raises(UnavailableError):
        await first.try_acquire_or_renew()
    assert first.lease_remaining_s() == RENEW_DEADLINE_S - 2
    lock.loses_responses, clock.now_s = False, clock.now_s + 2
    await first.try_acquire_or_renew()  # conflicts with the write whose response was lost
    await first.try_acquire_or_renew()
    assert first.lease_remaining_s() == RENEW_DEADLINE_S


async def test_a_released_lease_is_acquired_immediately(lock: FakeLock, clock: Clock) -> None:
    first, second = candidate(lock, clock, "a"), candidate(lock, clock, "b")
    await first.try_acquire_or_renew()
    await second.try_acquire_or_renew()
    await first.release()
    assert first.lease_remaining_s() == -math.inf
    await second.try_acquire_or_renew()
    assert second.lease_remaining_s() == RENEW_DEADLINE_S


async def test_a_candidate_does_not_release_the_lease_of_another(lock: FakeLock, clock: Clock) -> None:
    first, second = candidate(lock, clock, "a"), candidate(lock, clock, "b")
    await first.try_acquire_or_renew()
    await second.release()
    assert holder_identity(lock.lease) == "a"


async def test_a_restarted_container_renews_the_lease_of_its_pod(lock: FakeLock, clock: Clock) -> None:
    await candidate(lock, clock, "a").try_acquire_or_renew()
    restarted = candidate(lock, clock, "a")
    await restarted.try_acquire_or_renew()
    assert restarted.lease_remaining_s() == RENEW_DEADLINE_S
    assert lock.lease["spec"]["leaseTransitions"] == 1


async def test_a_deleted_lease_is_created_again(lock: FakeLock, clock: Clock) -> None:
    first = candidate(lock, clock)
    await first.try_acquire_or_renew()
    lock.lease = new_lease("sd-triton", "sd-triton-operator")
    with pytest.raises(RejectedError, match="not found"):
        await first.try_acquire_or_renew()
    await first.try_acquire_or_renew()
    assert (holder_identity(lock.lease), first.lease_remaining_s()) == ("a", RENEW_DEADLINE_S)


async def test_an_outage_is_logged_once(lock: FakeLock, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    lock.is_unavailable = True
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(candidate(lock, clock).run(), 1.2)
    assert caplog.messages == ["The Lease can be neither acquired nor renewed: The API server is unavailable."]


async def test_work_is_started_cancelled_and_restarted_with_the_lease(lock: FakeLock) -> None:
    started, cancelled, calls = asyncio.Event(), asyncio.Event(), list[str]()

    async def work() -> None:
        calls.append("started")
        started.set()
        try:
            await asyncio.sleep(60)
        finally:
            calls.append("cancelled")
            cancelled.set()

    clock = Clock()
    elector = candidate(lock, clock)
    async with asyncio.TaskGroup() as parts:
        tasks = [parts.create_task(elector.run()), parts.create_task(elector.run_while_leader(work))]
        await asyncio.wait_for(started.wait(), 5)
        lock.is_unavailable = True
        clock.now_s += RENEW_DEADLINE_S
        started.clear()
        await asyncio.wait_for(cancelled.wait(), 2)
        lock.is_unavailable = False
        await asyncio.wait_for(started.wait(), 5)
        for task in tasks:
            task.cancel()
    assert calls == ["started", "cancelled", "started", "cancelled"]


async def test_work_is_cancelled_when_another_holder_is_observed(lock: FakeLock, clock: Clock) -> None:
    cancelled = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            cancelled.set()

    elector = candidate(lock, clock)
    await elector.try_acquire_or_renew()
    working = asyncio.create_task(elector.run_while_leader(work))
    await asyncio.sleep(0.01)
    other = acquired(lock.lease, "b", datetime.now(UTC))
    lock.lease = await lock.write(other)
    await elector.try_acquire_or_renew()  # conflicts
    await elector.try_acquire_or_renew()
    await asyncio.wait_for(cancelled.wait(), 2)
    working.cancel()


async def test_an_error_in_the_work_is_raised(lock: FakeLock) -> None:
    async def work() -> None:
        raise ZeroDivisionError

    elector = candidate(lock, Clock())
    await elector.try_acquire_or_renew()
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(elector.run_while_leader(work), 5)
