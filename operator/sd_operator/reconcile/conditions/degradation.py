"""The condition Degraded: what is wrong beside serving, or although the service serves."""

from collections.abc import Callable

from sd_operator.reconcile.conditions.readiness import UNDER_WAY, Verdict
from sd_operator.reconcile.observe import Observation
from sd_operator.reconcile.reason import Cause
from sd_operator.resources import POD_MONITORS, PROMETHEUS_RULES

MONITORING = (POD_MONITORS.kind, PROMETHEUS_RULES.kind)

Rule = Callable[[Observation], Cause | None]


def nobody_else_sets_our_fields(seen: Observation) -> Cause | None:
    """Two who both insist."""
    return next(iter(seen.conflicts), None)


def the_cluster_has_every_kind(seen: Observation) -> Cause | None:
    """Monitoring was asked for where there is no Prometheus operator."""
    missing = _of_monitoring(seen.missing - seen.forbidden)
    if not missing:
        return None
    return Cause(
        "KindMissing",
        f"This cluster has no {missing} (monitoring.coreos.com/v1); install the Prometheus operator, or switch "
        "spec.monitoring off. It is made as soon as the cluster knows the kind.",
    )


def every_kind_may_be_used(seen: Observation) -> Cause | None:
    """The kind is there, and the operator's rights are those of an earlier release, or were cut."""
    forbidden = _of_monitoring(seen.forbidden)
    if not forbidden:
        return None
    return Cause(
        "KindForbidden",
        f"The operator has no rights to {forbidden} (monitoring.coreos.com/v1); upgrade its release so that they are "
        "those of the chart, or switch spec.monitoring off. It is made as soon as the rights are there.",
    )


def earlier_models_go(seen: Observation) -> Cause | None:
    """Revisions that nobody serves take up a claim."""
    return seen.leftover


def _of_monitoring(kinds: frozenset[str]) -> str:
    return " and ".join(sorted(kinds.intersection(MONITORING)))


RULES: tuple[Rule, ...] = (
    nobody_else_sets_our_fields,
    the_cluster_has_every_kind,
    every_kind_may_be_used,
    earlier_models_go,
)


def verdict(seen: Observation, obstacle: Cause | None) -> Verdict:
    """The gravest of what is wrong; of what keeps the service from being ready, what is not only under way."""
    failure = obstacle if obstacle and obstacle.reason not in UNDER_WAY else None
    found = next((cause for rule in RULES if (cause := rule(seen))), failure)
    if found is None:
        return Verdict("Degraded", status=False, reason="AsExpected", message="Nothing is wrong.")
    return Verdict("Degraded", status=True, reason=found.reason, message=found.message)
