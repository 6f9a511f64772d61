"""Work runs while the Lease is held, and ends with it, whatever the API server does."""

import asyncio
import math
from dataclasses import dataclass, field

import pytest
from sd_operator.kube.errors import RejectedError, UnavailableError
from sd_operator.leader.elector import Elector
from sd_operator.leader.lease import LEASE_S, RENEW_S, fresh, holder_of
from sd_operator.metrics import Metrics
from sd_operator.resources import Manifest


@dataclass
class StoredLease:
    """The API server's part: versions, conflicts, and silence on demand."""

    lease: Manifest = field(default_factory=lambda: fresh("sd-triton", "sd-triton-operator"))
    version: int = 0
    away: bool = False
    loses_answers: bool = False

    async def read(self) -> Manifest:
        if self.away:
            raise UnavailableError("The API server is away.")
        return self.lease

    async def write(self, lease: Manifest) -> Manifest:
        if self.away:
            raise UnavailableError("The API server is away.")
        if lease["metadata"].get("resourceVersion") != self.lease["metadata"].get("resourceVersion"):
            gone = "resourceVersion" not in self.lease["metadata"]
            raise RejectedError("not found" if gone else "the object has been modified", 404 if gone else 409)
        self.version += 1
        self.lease = lease | {"metadata": lease["metadata"] | {"resourceVersion": str(self.version)}}
        if self.loses_answers:
            raise UnavailableError("No answer.")
        return self.lease


class Clock:
    """Stands still until it is told."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def stored() -> StoredLease:
    """A Lease that nobody has."""
    return StoredLease()


@pytest.fixture
def clock() -> Clock:
    """The time of all candidates."""
    return Clock()


def candidate(stored: StoredLease, clock: Clock, name: str = "a") -> Elector:
    """An operator that wants the Lease."""
    return Elector(stored, name, Metrics(), clock)


async def test_who_comes_first_holds_it_and_the_other_waits(stored: StoredLease, clock: Clock) -> None:
    first, second = candidate(stored, clock, "a"), candidate(stored, clock, "b")
    await first._round()
    await second._round()
    assert first.remaining_s() == RENEW_S
    assert second.remaining_s() == -math.inf
    assert holder_of(stored.lease) == "a"


async def test_a_holder_that_renews_keeps_it(stored: StoredLease, clock: Clock) -> None:
    first, second = candidate(stored, clock, "a"), candidate(stored, clock, "b")
    for _ in range(20):
        await first._round()
        await second._round()
        clock.now_s += 2
    assert second.remaining_s() == -math.inf
    assert stored.version == 20


async def test_who_cannot_renew_stops_before_another_begins(stored: StoredLease, clock: Clock) -> None:
    first, second = candidate(stored, clock, "a"), candidate(stored, clock, "b")
    await first._round()
    await second._round()
    clock.now_s += RENEW_S
    assert first.remaining_s() == 0
    await second._round()
    assert second.remaining_s() == -math.inf
    clock.now_s += LEASE_S - RENEW_S
    await second._round()
    assert second.remaining_s() == RENEW_S


async def test_who_was_frozen_may_not_write_and_sees_who_does(stored: StoredLease, clock: Clock) -> None:
    first, second = candidate(stored, clock, "a"), candidate(stored, clock, "b")
    await first._round()
    await second._round()
    clock.now_s += 60  # for the first this passes unnoticed
    await second._round()
    assert first.remaining_s() < 0
    await first._round()  # its renewal is refused: the Lease has changed
    assert first.remaining_s() < 0
    await first._round()
    assert (first.remaining_s(), holder_of(stored.lease)) == (-math.inf, "b")


async def test_a_renewal_whose_answer_was_lost_does_not_cost_the_lease(stored: StoredLease, clock: Clock) -> None:
    first = candidate(stored, clock)
    await first._round()
    stored.loses_answers, clock.now_s = True, clock.now_s + 2
    with pytest.raises(UnavailableError):
        await first._round()
    assert first.remaining_s() == RENEW_S - 2
    stored.loses_answers, clock.now_s = False, clock.now_s + 2
    await first._round()  # refused: the version is the lost answer's
    await first._round()
    assert first.remaining_s() == RENEW_S


async def test_a_lease_that_is_given_back_is_taken_at_once(stored: StoredLease, clock: Clock) -> None:
    first, second = candidate(stored, clock, "a"), candidate(stored, clock, "b")
    await first._round()
    await second._round()
    await first.release()
    assert first.remaining_s() == -math.inf
    await second._round()
    assert second.remaining_s() == RENEW_S


async def test_nobody_gives_back_what_another_holds(stored: StoredLease, clock: Clock) -> None:
    first, second = candidate(stored, clock, "a"), candidate(stored, clock, "b")
    await first._round()
    await second.release()
    assert holder_of(stored.lease) == "a"


async def test_a_restarted_container_goes_on_with_its_pods_lease(stored: StoredLease, clock: Clock) -> None:
    await candidate(stored, clock, "a")._round()
    restarted = candidate(stored, clock, "a")
    await restarted._round()
    assert restarted.remaining_s() == RENEW_S
    assert stored.lease["spec"]["leaseTransitions"] == 1


async def test_a_lease_that_somebody_deleted_is_made_anew(stored: StoredLease, clock: Clock) -> None:
    first = candidate(stored, clock)
    await first._round()
    stored.lease = fresh("sd-triton", "sd-triton-operator")
    with pytest.raises(RejectedError, match="not found"):
        await first._round()
    await first._round()
    assert (holder_of(stored.lease), first.remaining_s()) == ("a", RENEW_S)


async def test_an_outage_is_said_once(stored: StoredLease, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    stored.away = True
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(candidate(stored, clock).run(), 1.2)
    assert caplog.messages == ["The Lease can be neither held nor taken: The API server is away."]


async def test_work_begins_with_the_lease_ends_with_it_and_begins_again(stored: StoredLease) -> None:
    begun, ended, lives = asyncio.Event(), asyncio.Event(), list[str]()

    async def work() -> None:
        lives.append("begun")
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            lives.append("ended")
            ended.set()

    clock = Clock()
    elector = candidate(stored, clock)
    async with asyncio.TaskGroup() as parts:
        tasks = [parts.create_task(elector.run()), parts.create_task(elector.while_elected(work))]
        await asyncio.wait_for(begun.wait(), 5)
        stored.away = True
        clock.now_s += RENEW_S
        begun.clear()
        await asyncio.wait_for(ended.wait(), 2)
        stored.away = False
        await asyncio.wait_for(begun.wait(), 5)
        for task in tasks:
            task.cancel()
    assert lives == ["begun", "ended", "begun", "ended"]


async def test_work_ends_when_another_is_seen_to_hold_the_lease(stored: StoredLease, clock: Clock) -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    elector = candidate(stored, clock)
    await elector._round()
    working = asyncio.create_task(elector.while_elected(work))
    await asyncio.sleep(0.01)
    elector._see(stored.lease | {"spec": stored.lease["spec"] | {"holderIdentity": "b"}})
    await asyncio.wait_for(ended.wait(), 2)
    working.cancel()


async def test_a_fault_in_the_work_is_not_hidden(stored: StoredLease) -> None:
    async def work() -> None:
        raise ZeroDivisionError

    elector = candidate(stored, Clock())
    await elector._round()
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(elector.while_elected(work), 5)
