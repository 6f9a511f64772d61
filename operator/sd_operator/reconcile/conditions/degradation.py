"""The condition Degraded: problems beside serving, or although the service serves. Ordered rules; the first applies."""

from collections.abc import Callable

from sd_operator.api.reason import Reason
from sd_operator.reconcile.conditions.condition_update import ConditionUpdate
from sd_operator.reconcile.conditions.readiness import UNDER_WAY, deployment_is_paused
from sd_operator.reconcile.drift import admission
from sd_operator.reconcile.finding import Finding
from sd_operator.reconcile.objects import identity
from sd_operator.reconcile.observation import Observation
from sd_operator.resources import POD_MONITORS, PROMETHEUS_RULES

MONITORING_KINDS = (POD_MONITORS.kind, PROMETHEUS_RULES.kind)

Rule = Callable[[Observation], Finding | None]


def field_is_in_conflict(observation: Observation) -> Finding | None:
    """Another client repeatedly changes a child."""
    return next(iter(observation.conflicts), None)


def monitoring_kind_is_missing(observation: Observation) -> Finding | None:
    """Monitoring is enabled in a cluster without the Prometheus operator."""
    if observation.desired is None:
        return None
    missing = _monitoring_kinds(observation.desired.missing_kinds - observation.desired.forbidden_kinds)
    if not missing:
        return None
    return Finding(
        Reason.KIND_MISSING,
        f"The cluster has no {missing} (monitoring.coreos.com/v1). Install the Prometheus operator, or disable "
        "spec.monitoring. The operator creates the objects as soon as the cluster has the kinds.",
    )


def monitoring_kind_is_forbidden(observation: Observation) -> Finding | None:
    """The cluster has the kind; the operator's permissions are those of an earlier release, or were reduced."""
    forbidden = _monitoring_kinds(observation.desired.forbidden_kinds) if observation.desired else ""
    if not forbidden:
        return None
    return Finding(
        Reason.KIND_FORBIDDEN,
        f"The operator has no permission for {forbidden} (monitoring.coreos.com/v1). Upgrade its release to install "
        "the permissions of its chart, or disable spec.monitoring. The operator creates the objects as soon as it has "
        "the permissions.",
    )


def outdated_model_remains(observation: Observation) -> Finding | None:
    """Revisions that no service uses cannot be removed from a claim."""
    return observation.desired.model.garbage_collection if observation.desired else None


def _monitoring_kinds(kinds: frozenset[str]) -> str:
    return " and ".join(sorted(kinds.intersection(MONITORING_KINDS)))


RULES: tuple[Rule, ...] = (
    field_is_in_conflict,
    deployment_is_paused,
    monitoring_kind_is_missing,
    monitoring_kind_is_forbidden,
    outdated_model_remains,
)


def condition(observation: Observation, obstacle: Finding | None) -> ConditionUpdate:
    """Return the condition; an obstacle to readiness counts unless it is only under way."""
    failure = obstacle if obstacle and obstacle.reason not in UNDER_WAY else None
    found, accepted = (
        next((finding for rule in RULES if (finding := rule(observation))), failure),
        _accepted_changes(observation),
    )
    if found:
        return ConditionUpdate.because_of(found.followed_by(accepted), "Degraded", status=True)
    if accepted:
        return ConditionUpdate("Degraded", status=False, reason=Reason.CHANGED_BY_ADMISSION, message=accepted)
    return ConditionUpdate("Degraded", status=False, reason=Reason.AS_EXPECTED, message="Nothing is wrong.")


def _accepted_changes(observation: Observation) -> str:
    """Return the message about fields that admission changed and the operator accepts; empty if there are none."""
    live = observation.live
    desired = observation.desired.children if observation.desired else []
    both = [(live[identity(manifest)], manifest) for manifest in desired if identity(manifest) in live]
    return " ".join(filter(None, (admission.accepted_message(child, manifest) for child, manifest in both)))
