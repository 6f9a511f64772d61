"""Who may write: what to do about the Lease, decided from what was seen of it. Pure; clocks are the caller's own.

The times stand in a fixed relation. A holder sends its last write RENEW_S after it asked for its last renewal. Nobody
else takes the Lease sooner than LEASE_S after having seen that renewal, by which time even a write that the API server
took its time over is done. No clock of another machine is read: a Lease is as old as the time since it last changed.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any

from sd_operator.resources import LEASES, Manifest

LEASE_S = 10.0
RENEW_S = 7.0
RETRY_S = 1.5
ANSWER_WITHIN_S = 2.0
"""Three tries to renew fit into RENEW_S."""


class Step(Enum):
    """What to do about the Lease next."""

    TAKE = auto()
    RENEW = auto()
    WAIT = auto()


@dataclass(frozen=True, slots=True)
class Sighting:
    """What was last seen of the Lease: `mark` tells one renewal from the next, `since_s` is when it was first seen."""

    mark: tuple[Any, ...]
    since_s: float


def sighting(before: Sighting | None, lease: Manifest, now_s: float) -> Sighting:
    """What is seen now, with the time since it is so."""
    spec = _spec(lease)
    mark = tuple(spec.get(name) for name in ("holderIdentity", "renewTime", "leaseTransitions"))
    return before if before is not None and before.mark == mark else Sighting(mark, now_s)


def step(lease: Manifest, seen: Sighting, identity: str, now_s: float) -> Step:
    """The next step of the operator with that identity."""
    holder = holder_of(lease)
    if holder == identity:
        return Step.RENEW
    if not holder or now_s >= seen.since_s + LEASE_S:
        return Step.TAKE
    return Step.WAIT


def wait_s(chosen: Step, seen: Sighting, now_s: float) -> float:
    """How long to do nothing after a step; who waits is there in the moment in which the Lease runs out."""
    if chosen is Step.WAIT:
        return max(0.0, min(RETRY_S, seen.since_s + LEASE_S - now_s))
    return RETRY_S


def holder_of(lease: Manifest) -> str:
    """Who holds it; empty where nobody does."""
    return _spec(lease).get("holderIdentity") or ""


def fresh(namespace: str, name: str) -> Manifest:
    """A Lease that nobody has held yet."""
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": LEASES.api_version, "kind": LEASES.kind, "metadata": metadata, "spec": {}}


def held(lease: Manifest, identity: str, utc: datetime) -> Manifest:
    """The Lease as its holder writes it. The times are for people to read."""
    spec, time = _spec(lease), utc.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    renewed = {"holderIdentity": identity, "leaseDurationSeconds": round(LEASE_S), "renewTime": time}
    if holder_of(lease) == identity:
        return lease | {"spec": spec | renewed}
    transitions = (spec.get("leaseTransitions") or 0) + 1
    return lease | {"spec": spec | renewed | {"acquireTime": time, "leaseTransitions": transitions}}


def released(lease: Manifest) -> Manifest:
    """The Lease without a holder: whoever sees it may take it at once."""
    return lease | {"spec": {name: value for name, value in _spec(lease).items() if name != "holderIdentity"}}


def _spec(lease: Manifest) -> Manifest:
    """Somebody may have made the Lease by hand, without a spec."""
    return lease.get("spec") or {}
