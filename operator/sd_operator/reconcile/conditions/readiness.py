"""The conditions Ready, Available and Progressing. Ordered rules find what prevents readiness; the first applies."""

from collections.abc import Callable

from sd_operator.api.reason import Reason
from sd_operator.kube.managed_fields import field_manager
from sd_operator.reconcile.conditions.condition_update import ConditionUpdate
from sd_operator.reconcile.conditions.pod_failures import worst_failure
from sd_operator.reconcile.conditions.rollout import Rollout
from sd_operator.reconcile.finding import Finding, pod_rejection
from sd_operator.reconcile.observation import Observation
from sd_operator.resources import DEPLOYMENTS

UNDER_WAY = (
    Reason.PAUSED,
    Reason.STARTING,
    Reason.ROLLING_OUT,
    Reason.DOWNLOADING,
    Reason.WAITING_FOR_CLAIM,
)
"""Reasons that are not failures."""
NEEDS_ANOTHER_SPEC = (Reason.INVALID_SPEC, Reason.UNSUPPORTED_PIPELINE)
"""Reasons that no retry resolves."""
NO_ROOM_TO_SURGE = (
    "The pods of the earlier spec continue to serve until the new pod is ready. If it needs a resource that they hold, "
    "such as the last GPU, free one, or set rollout: Recreate."
)

Rule = Callable[[Observation], Finding | None]


def pass_has_errors(observation: Observation) -> Finding | None:
    """The operator could not do what the spec needs."""
    return next(iter(observation.errors), None)


def model_is_missing(observation: Observation) -> Finding | None:
    """Pods are created only after their model is available."""
    return observation.desired.model.finding if observation.desired else None


def service_is_paused(observation: Observation) -> Finding | None:
    """The service has no replicas on purpose."""
    rollout = _rollout(observation)
    if rollout.desired or rollout.existing or not rollout.is_observed:
        return None
    return Finding(Reason.PAUSED, "replicas is 0. Set it to 1 or more to serve again.")


def pods_are_rejected(observation: Observation) -> Finding | None:
    """A quota or admission rejects the pods, not the Deployment."""
    failure = _rollout(observation).failure
    return pod_rejection(failure) if failure else None


def pods_are_unhealthy(observation: Observation) -> Finding | None:
    """The pods that do not serve yet fail or start."""
    rollout = _rollout(observation)
    failure = (
        None if rollout.is_complete else worst_failure(observation.pods, observation.setup_failures, observation.now)
    )
    if failure and failure.reason == Reason.STARTING:
        return Finding(failure.reason, f"{rollout.summary()} {failure.message}")
    if failure and failure.reason == Reason.UNSCHEDULABLE and rollout.surges and rollout.is_served_by_old_pods:
        return failure.followed_by(NO_ROOM_TO_SURGE)
    return failure


def paused_rollout_is_incomplete(observation: Observation) -> Finding | None:
    """The Deployment is paused before the latest spec is rolled out."""
    return None if _rollout(observation).is_complete else deployment_is_paused(observation)


def rollout_is_incomplete(observation: Observation) -> Finding | None:
    """Pods of an earlier spec exist, or pods of the latest spec are missing."""
    rollout = _rollout(observation)
    return None if rollout.is_complete else Finding(Reason.ROLLING_OUT, rollout.summary())


def deployment_is_paused(observation: Observation) -> Finding | None:
    """Another field manager has paused the Deployment."""
    deployment = observation.child(DEPLOYMENTS.kind)
    if deployment is None or not deployment["spec"].get("paused"):
        return None
    metadata = deployment["metadata"]
    manager = field_manager(deployment, ("spec", "paused")) or "Another client"
    return Finding(
        Reason.DEPLOYMENT_PAUSED,
        f"{manager} has set spec.paused of Deployment {metadata['name']}, so no change reaches the pods. To resume, "
        f"run kubectl rollout resume -n {metadata['namespace']} deployment/{metadata['name']}",
    )


RULES: tuple[Rule, ...] = (
    pass_has_errors,
    model_is_missing,
    service_is_paused,
    pods_are_rejected,
    pods_are_unhealthy,
    paused_rollout_is_incomplete,
    rollout_is_incomplete,
)


def obstacle(observation: Observation) -> Finding | None:
    """Return the first thing that prevents the service from serving its latest spec with all of its pods."""
    return next((found for rule in RULES if (found := rule(observation))), None)


def serving_conditions(observation: Observation, obstacle: Finding | None) -> list[ConditionUpdate]:
    """Return Ready, Available and Progressing."""
    rollout = _rollout(observation)
    return [_ready(rollout, obstacle), _available(rollout, obstacle), _progressing(observation, rollout, obstacle)]


def _ready(rollout: Rollout, obstacle: Finding | None) -> ConditionUpdate:
    if obstacle:
        return ConditionUpdate.because_of(obstacle, "Ready", status=False)
    return ConditionUpdate("Ready", status=True, reason=Reason.SERVING, message=rollout.summary())


def _available(rollout: Rollout, obstacle: Finding | None) -> ConditionUpdate:
    if rollout.serving or not obstacle:
        message = f"{rollout.serving} pods serve."
        return ConditionUpdate("Available", status=True, reason=Reason.SERVING, message=message)
    return ConditionUpdate.because_of(obstacle, "Available", status=False)


def _progressing(observation: Observation, rollout: Rollout, obstacle: Finding | None) -> ConditionUpdate:
    """Return the condition: a rollout that is complete or stalled belongs to an earlier spec if there are errors."""
    if obstacle and (observation.errors or model_is_missing(observation)):
        goes_on = obstacle.reason not in NEEDS_ANOTHER_SPEC
        return ConditionUpdate.because_of(obstacle, "Progressing", status=goes_on)
    if rollout.is_complete:
        message = "The latest spec is rolled out."
        return ConditionUpdate("Progressing", status=False, reason=Reason.ROLLED_OUT, message=message)
    if paused := deployment_is_paused(observation):
        return ConditionUpdate.because_of(paused, "Progressing", status=False)
    if rollout.stalled_since:
        why = obstacle.message if obstacle else rollout.summary()
        message = f"The rollout made no progress within {rollout.deadline_s} s before {rollout.stalled_since}. {why}"
        reason = Reason.PROGRESS_DEADLINE_EXCEEDED
        return ConditionUpdate("Progressing", status=False, reason=reason, message=message)
    reason = obstacle.reason if obstacle else Reason.ROLLING_OUT
    return ConditionUpdate("Progressing", status=True, reason=reason, message=rollout.summary())


def _rollout(observation: Observation) -> Rollout:
    return Rollout.of(observation.child(DEPLOYMENTS.kind))
