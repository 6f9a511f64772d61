"""Deletion costs: when a service is scaled down, Kubernetes deletes the pods with the smallest backlog first."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from sd_operator.reconcile.objects import annotation, is_being_deleted
from sd_operator.reconcile.plan import Change
from sd_operator.resources import DEPLOYMENTS, Manifest

DELETION_COST_ANNOTATION = "controller.kubernetes.io/pod-deletion-cost"
"""Of pods that are equally ready, a ReplicaSet deletes those with the lowest cost first."""
HIGHEST_COST = 2**31 - 1


class BacklogReader(Protocol):
    """A reader of the pods' backlogs."""

    async def backlog_s(self, pods: Iterable[Manifest]) -> dict[str, float]:
        """Return the backlog of each pod in seconds by its UID; infinite for a pod that does not respond."""
        ...


def is_scaled_down(desired: Manifest, live: Manifest | None) -> bool:
    """Return True if the child is the Deployment and loses pods."""
    if desired["kind"] != DEPLOYMENTS.kind or live is None:
        return False
    return desired["spec"]["replicas"] < live["spec"].get("replicas", 1)


def deletion_costs(
    changes: Iterable[Change], pods: Iterable[Manifest], backlogs_s: Mapping[str, float]
) -> list[tuple[Manifest, str]]:
    """Return the pods whose deletion cost changes before a scale-down, each with its new cost."""
    if not any(is_scaled_down(change.manifest, change.live) for change in changes):
        return []
    costs = [(pod, deletion_cost(backlogs_s[pod["metadata"]["uid"]])) for pod in remaining(pods)]
    return [(pod, cost) for pod, cost in costs if annotation(pod, DELETION_COST_ANNOTATION) != cost]


def remaining(pods: Iterable[Manifest]) -> list[Manifest]:
    """Return the pods that are not being deleted."""
    return [pod for pod in pods if not is_being_deleted(pod)]


def deletion_cost(backlog_s: float) -> str:
    """Return the backlog as the integer that the annotation allows, in milliseconds."""
    return str(int(min(backlog_s * 1000, HIGHEST_COST)))
