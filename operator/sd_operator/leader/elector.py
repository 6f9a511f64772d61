"""The leader elector: acquires and renews the Lease, and runs work only while the Lease is held."""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Protocol

from sd_operator.kube.errors import KubeError, RejectedError
from sd_operator.leader.election import (
    RENEW_DEADLINE_S,
    Action,
    LeaseObservation,
    delay_s,
    holder_identity,
    next_action,
    observe,
)
from sd_operator.leader.lease import acquired, released
from sd_operator.metrics import Metrics
from sd_operator.resources import Manifest

logger = logging.getLogger(__name__)

CONFLICT_DELAY_S = 0.1
ERROR_DELAY_S = 0.5
SUPERVISION_INTERVAL_S = 0.5
"""Work is cancelled at most this long after another holder was observed; its writes are rejected immediately."""


def boottime_s() -> float:
    """Seconds since boot, including suspend, which `time.monotonic` excludes although the Lease expires meanwhile."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class ResourceLock(Protocol):
    """Storage of the Lease."""

    async def read(self) -> Manifest:
        """Return the Lease, or one without a resourceVersion if it does not exist."""
        ...

    async def write(self, lease: Manifest) -> Manifest:
        """Replace the Lease.

        Raises:
            RejectedError: with status CONFLICT if the Lease has changed since it was read.
        """
        ...


class LeaderElector:
    """One candidate for the Lease. Every write must check `lease_remaining_s` before it is sent."""

    def __init__(
        self, lock: ResourceLock, identity: str, metrics: Metrics, clock: Callable[[], float] = boottime_s
    ) -> None:
        self._lock = lock
        self._identity = identity
        self._clock = clock
        self._lease: Manifest | None = None
        self._observation: LeaseObservation | None = None
        self._deadline_s = -math.inf
        self._acquired = asyncio.Event()
        self._last_warning = ""
        status = metrics.leader_status.labels("sd-triton-operator")
        status.set_function(lambda: float(self.lease_remaining_s() > 0))

    def lease_remaining_s(self) -> float:
        """Seconds for which this operator may still write; zero or less if it is not the leader."""
        return self._deadline_s - self._clock()

    async def run(self) -> None:
        """Acquire and renew the Lease until cancelled; an error is logged and retried."""
        while True:
            task = asyncio.ensure_future(self.try_acquire_or_renew())
            try:
                await asyncio.wait([task])
            finally:
                task.cancel()
            error = task.exception()
            self._warn(error)
            await asyncio.sleep(ERROR_DELAY_S if error else task.result())

    async def run_while_leader(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work` whenever the Lease is held, and cancel it when the Lease is lost; until cancelled."""
        while True:
            await self._acquired.wait()
            logger.info("%s acquired the Lease and is now the leader.", self._identity)
            await self._supervise(asyncio.ensure_future(work()))
            self._acquired.clear()
            logger.warning("%s lost the Lease and is no longer the leader.", self._identity)

    async def release(self) -> None:
        """Stop writing and release the Lease, so that another operator can acquire it immediately."""
        self._deadline_s = -math.inf
        try:
            lease = await self._lock.read()
            if holder_identity(lease) == self._identity:
                await self._lock.write(released(lease))
        except KubeError as error:
            logger.warning("The Lease could not be released and will expire: %s", error)

    async def try_acquire_or_renew(self) -> float:
        """Observe the Lease and acquire or renew it if possible; return the seconds until the next attempt."""
        if self._lease is None or holder_identity(self._lease) != self._identity:
            self._observe(await self._lock.read())
        lease, observation = self._lease, self._observation
        if lease is None or observation is None:
            return CONFLICT_DELAY_S
        action = next_action(lease, observation, self._identity, self._clock())
        if action is not Action.WAIT and not await self._write(lease):
            return CONFLICT_DELAY_S
        return delay_s(action, observation, self._clock())

    async def _supervise(self, work: asyncio.Future[None]) -> None:
        try:
            while not work.done() and (remaining_s := self.lease_remaining_s()) > 0:
                await asyncio.wait([work], timeout=min(remaining_s, SUPERVISION_INTERVAL_S))
        finally:
            work.cancel()
            await asyncio.wait([work])
        if not work.cancelled():
            work.result()  # work ends only with an error, which is raised here

    async def _write(self, lease: Manifest) -> bool:
        """Write this identity into the Lease; return False if the Lease has changed since it was read."""
        requested_s = self._clock()
        try:
            written = await self._lock.write(acquired(lease, self._identity, datetime.now(UTC)))
        except RejectedError as error:
            self._lease = None  # read it again: an earlier write may have succeeded although its response was lost
            if error.status != HTTPStatus.CONFLICT:
                raise
            return False
        self._deadline_s = requested_s + RENEW_DEADLINE_S
        self._observe(written)
        if self.lease_remaining_s() > 0:  # the process may have been suspended since the request
            self._acquired.set()
        return True

    def _observe(self, lease: Manifest) -> None:
        self._lease = lease
        self._observation = observe(self._observation, lease, self._clock())
        if holder_identity(lease) != self._identity:
            self._deadline_s = -math.inf

    def _warn(self, error: BaseException | None) -> None:
        """Log an error once per cause, not at every attempt."""
        warning = "" if error is None else str(error) or repr(error)
        if error is not None and warning != self._last_warning:
            unexpected = None if isinstance(error, KubeError) else error
            logger.warning("The Lease can be neither acquired nor renewed: %s", warning, exc_info=unexpected)
        self._last_warning = warning
