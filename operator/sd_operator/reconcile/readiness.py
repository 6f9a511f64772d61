"""The conditions of a service, each from ordered rules; the first that has something to say decides. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

from sd_operator.reconcile.cause import Cause
from sd_operator.reconcile.faults import worst
from sd_operator.reconcile.observe import Observation
from sd_operator.reconcile.rollout import Rollout
from sd_operator.vocabulary import DEPLOYMENTS


@dataclass(frozen=True, slots=True)
class Verdict:
    """A condition without its history."""

    type: str
    status: bool | None
    """None = unknown."""
    reason: str
    message: str


PODS_REFUSED = "PodsRefused"
UNDER_WAY = ("Paused", "Starting", "RollingOut")
"""Reasons that are no failure."""

Rule = Callable[[Observation, Rollout], Cause | None]


def everything_is_written(seen: Observation, _rollout: Rollout) -> Cause | None:
    """What stood in the way of the last apply."""
    return next(iter(seen.refusals), None)


def service_is_not_paused(_seen: Observation, rollout: Rollout) -> Cause | None:
    """No replicas are no fault, and no service either."""
    if rollout.wanted or rollout.existing or not rollout.seen:
        return None
    return Cause("Paused", "replicas is 0; set it to 1 or more to serve again.")


def pods_can_be_made(_seen: Observation, rollout: Rollout) -> Cause | None:
    """Quota and admission refuse pods, not Deployments."""
    if not rollout.failure:
        return None
    return Cause("QuotaExceeded" if "exceeded quota" in rollout.failure else PODS_REFUSED, rollout.failure)


def pods_are_healthy(seen: Observation, rollout: Rollout) -> Cause | None:
    """The gravest fault of the pods that do not serve yet."""
    fault = None if rollout.complete else worst(seen.pods)
    if fault is None or fault.reason != "Starting":
        return fault
    return Cause(fault.reason, f"{rollout.sentence()} {fault.message}")


def latest_spec_is_rolled_out(_seen: Observation, rollout: Rollout) -> Cause | None:
    """Pods of an earlier spec are still there, or not all pods are."""
    return None if rollout.complete else Cause("RollingOut", rollout.sentence())


OBSTACLES: tuple[Rule, ...] = (
    everything_is_written,
    service_is_not_paused,
    pods_can_be_made,
    pods_are_healthy,
    latest_spec_is_rolled_out,
)


def obstacle(seen: Observation) -> Cause | None:
    """The first thing that keeps a service from serving its latest spec with all of its pods."""
    rollout = Rollout.of(seen.child(DEPLOYMENTS.kind))
    return next((found for rule in OBSTACLES if (found := rule(seen, rollout))), None)


def verdicts(seen: Observation) -> list[Verdict]:
    """Whether the service serves, in three conditions."""
    rollout, found = Rollout.of(seen.child(DEPLOYMENTS.kind)), obstacle(seen)
    return [ready(rollout, found), available(rollout, found), progressing(rollout, found)]


def ready(rollout: Rollout, obstacle: Cause | None) -> Verdict:
    """Whether every replica that was asked for serves the latest spec."""
    if obstacle:
        return Verdict("Ready", status=False, reason=obstacle.reason, message=obstacle.message)
    return Verdict("Ready", status=True, reason="Serving", message=rollout.sentence())


def available(rollout: Rollout, obstacle: Cause | None) -> Verdict:
    """Whether requests are answered at all, be it by fewer pods or by an earlier spec."""
    if rollout.serving or not obstacle:
        return Verdict("Available", status=True, reason="Serving", message=f"{rollout.serving} pods serve.")
    return Verdict("Available", status=False, reason=obstacle.reason, message=obstacle.message)


def progressing(rollout: Rollout, obstacle: Cause | None) -> Verdict:
    """Whether the cluster is still on its way to the latest spec."""
    if rollout.complete:
        return Verdict("Progressing", status=False, reason="RolledOut", message="The latest spec is rolled out.")
    reason = obstacle.reason if obstacle else "RollingOut"
    return Verdict("Progressing", status=True, reason=reason, message=rollout.sentence())
