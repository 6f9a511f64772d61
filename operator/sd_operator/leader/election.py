"""Decisions of leader election from what was observed of the Lease. Pure; the caller passes its own clock's time.

The durations guarantee that two operators never write at the same time. A leader sends its last write at most
RENEW_DEADLINE_S after it requested its last renewal. A candidate acquires the Lease no earlier than LEASE_DURATION_S
after it observed that renewal, when even a write that the API server processed slowly is finished. No clock of another
machine is read: the age of a Lease is the time since its renewal was first observed.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from sd_operator.resources import Manifest

LEASE_DURATION_S = 10.0
RENEW_DEADLINE_S = 7.0
RETRY_PERIOD_S = 1.5
REQUEST_TIMEOUT_S = 2.0
"""Three attempts to renew fit into RENEW_DEADLINE_S."""


class Action(Enum):
    """The next action of a candidate."""

    ACQUIRE = auto()
    RENEW = auto()
    WAIT = auto()


@dataclass(frozen=True, slots=True)
class LeaseObservation:
    """The last observed renewal, identified by `record`, and when it was first observed."""

    record: tuple[Any, ...]
    since_s: float


def observe(last: LeaseObservation | None, lease: Manifest, now_s: float) -> LeaseObservation:
    """The observation of a Lease: the last one if the Lease was not renewed since, otherwise a new one."""
    spec = lease_spec(lease)
    record = tuple(spec.get(name) for name in ("holderIdentity", "renewTime", "leaseTransitions"))
    return last if last is not None and last.record == record else LeaseObservation(record, now_s)


def next_action(lease: Manifest, observation: LeaseObservation, identity: str, now_s: float) -> Action:
    """The next action of the candidate with this identity."""
    holder = holder_identity(lease)
    if holder == identity:
        return Action.RENEW
    if not holder or now_s >= observation.since_s + LEASE_DURATION_S:
        return Action.ACQUIRE
    return Action.WAIT


def delay_s(action: Action, observation: LeaseObservation, now_s: float) -> float:
    """Seconds until the next attempt; a waiting candidate retries no later than the moment the Lease expires."""
    if action is Action.WAIT:
        return max(0.0, min(RETRY_PERIOD_S, observation.since_s + LEASE_DURATION_S - now_s))
    return RETRY_PERIOD_S


def holder_identity(lease: Manifest) -> str:
    """The identity of the holder; empty if the Lease is not held."""
    return lease_spec(lease).get("holderIdentity") or ""


def lease_spec(lease: Manifest) -> Manifest:
    """The Lease's spec; empty for a Lease that was created by hand without one."""
    return lease.get("spec") or {}
