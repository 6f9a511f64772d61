"""The condition Degraded: what is wrong beside serving, or although the service serves."""

from collections.abc import Callable

from sd_operator.reconcile.cause import Cause
from sd_operator.reconcile.observe import Observation
from sd_operator.reconcile.readiness import UNDER_WAY, Verdict, obstacle
from sd_operator.vocabulary import POD_MONITORS, PROMETHEUS_RULES

MONITORING = (POD_MONITORS.kind, PROMETHEUS_RULES.kind)

Rule = Callable[[Observation], Cause | None]


def nobody_else_sets_our_fields(seen: Observation) -> Cause | None:
    """Two who both insist."""
    return next(iter(seen.conflicts), None)


def the_cluster_has_every_kind(seen: Observation) -> Cause | None:
    """Monitoring was asked for where there is no Prometheus operator."""
    missing = " and ".join(sorted(seen.missing.intersection(MONITORING)))
    if not missing:
        return None
    return Cause(
        "KindMissing",
        f"This cluster has no {missing} (monitoring.coreos.com/v1); install the Prometheus operator, or switch "
        "spec.monitoring off. It is made as soon as the cluster knows the kind.",
    )


def nothing_has_failed(seen: Observation) -> Cause | None:
    """Whatever keeps the service from being ready, unless it is only under way."""
    found = obstacle(seen)
    return None if found is None or found.reason in UNDER_WAY else found


RULES: tuple[Rule, ...] = (nobody_else_sets_our_fields, the_cluster_has_every_kind, nothing_has_failed)


def verdict(seen: Observation) -> Verdict:
    """The gravest of what is wrong."""
    found = next((cause for rule in RULES if (cause := rule(seen))), None)
    if found is None:
        return Verdict("Degraded", status=False, reason="AsExpected", message="Nothing is wrong.")
    return Verdict("Degraded", status=True, reason=found.reason, message=found.message)
