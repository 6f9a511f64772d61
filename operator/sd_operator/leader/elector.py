"""Holds the Lease, or waits for it: work runs for as long as it is held, and not a moment longer."""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Protocol

from sd_operator.kube.errors import KubeError, RejectedError
from sd_operator.leader.lease import RENEW_S, Sighting, Step, held, holder_of, released, sighting, step, wait_s
from sd_operator.metrics import Metrics
from sd_operator.resources import Manifest

logger = logging.getLogger(__name__)

AT_ONCE_S = 0.1
AFTER_AN_ERROR_S = 0.5
NOTICED_WITHIN_S = 0.5
"""Work ends so soon after another was seen to hold the Lease; its writes end at once."""


def awake_s() -> float:
    """Seconds since the machine started, its sleep included: what `time.monotonic` leaves out passes for others."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Leases(Protocol):
    """Where the Lease is kept."""

    async def read(self) -> Manifest:
        """The Lease; one without a version where there is none yet."""
        ...

    async def write(self, lease: Manifest) -> Manifest:
        """Replaces the Lease; a RejectedError with CONFLICT where it is no longer the one that was read."""
        ...


class Elector:
    """One candidate for the Lease. `remaining_s` is what everything that writes must ask."""

    def __init__(self, leases: Leases, identity: str, metrics: Metrics, clock: Callable[[], float] = awake_s) -> None:
        self._leases = leases
        self._identity = identity
        self._clock = clock
        self._lease: Manifest | None = None
        self._seen: Sighting | None = None
        self._until_s = -math.inf
        self._elected = asyncio.Event()
        self._complaint = ""
        metrics.leads.labels("sd-triton-operator").set_function(lambda: float(self.remaining_s() > 0))

    def remaining_s(self) -> float:
        """For how long this operator may still write; zero or less: not at all."""
        return self._until_s - self._clock()

    async def run(self) -> None:
        """Takes, renews and waits until it is cancelled. Whatever goes wrong in a round, the next may go right."""
        while True:
            task = asyncio.ensure_future(self._round())
            try:
                await asyncio.wait([task])
            finally:
                task.cancel()
            error = task.exception()
            self._complain(error)
            await asyncio.sleep(AFTER_AN_ERROR_S if error else task.result())

    async def while_elected(self, work: Callable[[], Awaitable[None]]) -> None:
        """Runs `work` for as long as the Lease is held, each time anew; until it is cancelled."""
        while True:
            await self._elected.wait()
            logger.info("%s holds the Lease and works.", self._identity)
            await self._supervise(asyncio.ensure_future(work()))
            self._elected.clear()
            logger.warning("%s no longer holds the Lease, and waits for it.", self._identity)

    async def release(self) -> None:
        """Gives the Lease back, so that another takes it at once. From here on nothing is written any more."""
        self._until_s = -math.inf
        try:
            lease = await self._leases.read()
            if holder_of(lease) == self._identity:
                await self._leases.write(released(lease))
        except KubeError as error:
            logger.warning("The Lease could not be given back; it runs out by itself. %s", error)

    async def _supervise(self, work: asyncio.Future[None]) -> None:
        try:
            while not work.done() and (left_s := self.remaining_s()) > 0:
                await asyncio.wait([work], timeout=min(left_s, NOTICED_WITHIN_S))
        finally:
            work.cancel()
            await asyncio.wait([work])
        if not work.cancelled():
            work.result()  # it never ends by itself, except by a fault

    async def _round(self) -> float:
        """One look at the Lease and one step; returns for how long to do nothing."""
        if self._lease is None or holder_of(self._lease) != self._identity:
            self._see(await self._leases.read())
        lease, seen = self._lease, self._seen
        if lease is None or seen is None:
            return AT_ONCE_S
        chosen = step(lease, seen, self._identity, self._clock())
        if chosen is not Step.WAIT and not await self._claims(lease):
            return AT_ONCE_S
        return wait_s(chosen, seen, self._clock())

    async def _claims(self, lease: Manifest) -> bool:
        """Writes its own name into the Lease; False where the Lease has changed since it was read."""
        asked_s = self._clock()
        try:
            written = await self._leases.write(held(lease, self._identity, datetime.now(UTC)))
        except RejectedError as refusal:
            self._lease = None  # changed perhaps by an own try whose answer was lost: the next look tells
            if refusal.status != HTTPStatus.CONFLICT:
                raise
            return False
        self._until_s = asked_s + RENEW_S
        self._see(written)
        if self.remaining_s() > 0:  # the process may have been frozen in between
            self._elected.set()
        return True

    def _see(self, lease: Manifest) -> None:
        self._lease = lease
        self._seen = sighting(self._seen, lease, self._clock())
        if holder_of(lease) != self._identity:
            self._until_s = -math.inf

    def _complain(self, error: BaseException | None) -> None:
        """Once for each cause, not each second."""
        complaint = "" if error is None else str(error) or repr(error)
        if error is not None and complaint != self._complaint:
            fault = None if isinstance(error, KubeError) else error
            logger.warning("The Lease can be neither held nor taken: %s", complaint, exc_info=fault)
        self._complaint = complaint
