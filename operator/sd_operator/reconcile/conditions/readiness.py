"""The conditions of a service, each from ordered rules; the first that has something to say decides. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sd_operator.reconcile.conditions.pod_failures import worst
from sd_operator.reconcile.conditions.rollout import DEADLINE_EXCEEDED, Rollout
from sd_operator.reconcile.model.provisioning import DOWNLOADING, WAITING
from sd_operator.reconcile.observe import Observation
from sd_operator.reconcile.reason import Cause, refusal_of_pods


@dataclass(frozen=True, slots=True)
class Verdict:
    """A condition without its history."""

    type: str
    status: bool | None
    """None = unknown."""
    reason: str
    message: str


UNDER_WAY = ("Paused", "Starting", "RollingOut", DOWNLOADING, WAITING)
"""Reasons that are no failure."""
NEEDS_ANOTHER_SPEC = ("InvalidSpec", "UnsupportedPipeline")
"""Reasons that no further attempt can do away with."""
NO_ROOM_TO_SURGE = (
    "The pods of the earlier spec serve on until it does. Where it lacks what they hold, such as the last GPU, "
    "free that, or set rollout: Recreate."
)


@dataclass(frozen=True, slots=True)
class Case:
    """A service as it is seen, how far its Deployment has come, and the time."""

    seen: Observation
    rollout: Rollout
    now: datetime


Rule = Callable[[Case], Cause | None]


def everything_is_written(case: Case) -> Cause | None:
    """What stood in the way of the last apply."""
    return next(iter(case.seen.refusals), None)


def model_is_there(case: Case) -> Cause | None:
    """Pods are only made, or made anew, once the model that they are to serve is there."""
    return case.seen.model


def service_is_not_paused(case: Case) -> Cause | None:
    """No replicas are no fault, and no service either."""
    rollout = case.rollout
    if rollout.wanted or rollout.existing or not rollout.seen:
        return None
    return Cause("Paused", "replicas is 0; set it to 1 or more to serve again.")


def pods_can_be_made(case: Case) -> Cause | None:
    """Quota and admission refuse pods, not Deployments."""
    failure = case.rollout.failure
    return refusal_of_pods(failure) if failure else None


def pods_are_healthy(case: Case) -> Cause | None:
    """The gravest fault of the pods that do not serve yet."""
    seen, rollout = case.seen, case.rollout
    fault = None if rollout.complete else worst(seen.pods, seen.failed_setups, case.now)
    if fault and fault.reason == "Starting":
        return Cause(fault.reason, f"{rollout.sentence()} {fault.message}")
    if fault and fault.reason == "Unschedulable" and rollout.surges and rollout.is_served_by_old_pods:
        return Cause(fault.reason, f"{fault.message} {NO_ROOM_TO_SURGE}")
    return fault


def latest_spec_is_rolled_out(case: Case) -> Cause | None:
    """Pods of an earlier spec are still there, or not all pods are."""
    return None if case.rollout.complete else Cause("RollingOut", case.rollout.sentence())


OBSTACLES: tuple[Rule, ...] = (
    everything_is_written,
    model_is_there,
    service_is_not_paused,
    pods_can_be_made,
    pods_are_healthy,
    latest_spec_is_rolled_out,
)


def obstacle(seen: Observation, rollout: Rollout, now: datetime) -> Cause | None:
    """The first thing that keeps a service from serving its latest spec with all of its pods."""
    case = Case(seen, rollout, now)
    return next((found for rule in OBSTACLES if (found := rule(case))), None)


def verdicts(seen: Observation, rollout: Rollout, obstacle: Cause | None) -> list[Verdict]:
    """Whether the service serves, in three conditions."""
    return [ready(rollout, obstacle), available(rollout, obstacle), progressing(seen, rollout, obstacle)]


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


def progressing(seen: Observation, rollout: Rollout, obstacle: Cause | None) -> Verdict:
    """Whether the cluster is still on its way to the latest spec.

    A rollout that is over, or stands still, is one of an earlier spec where the latest waits for its model, or where
    something was refused.
    """
    if obstacle and (seen.refusals or seen.model):
        goes_on = obstacle.reason not in NEEDS_ANOTHER_SPEC
        return Verdict("Progressing", status=goes_on, reason=obstacle.reason, message=obstacle.message)
    if rollout.complete:
        return Verdict("Progressing", status=False, reason="RolledOut", message="The latest spec is rolled out.")
    if rollout.stalled_since:
        why = obstacle.message if obstacle else rollout.sentence()
        message = f"Nothing has moved within {rollout.deadline_s} s, as was found at {rollout.stalled_since}. {why}"
        return Verdict("Progressing", status=False, reason=DEADLINE_EXCEEDED, message=message)
    reason = obstacle.reason if obstacle else "RollingOut"
    return Verdict("Progressing", status=True, reason=reason, message=rollout.sentence())
