"""Which pods go first when there are to be fewer: those that owe the least work."""

import asyncio
import logging
from collections.abc import Iterable
from typing import Protocol

from sd_operator.kube.client import KubeClient
from sd_operator.kube.errors import RejectedError
from sd_operator.reconcile.decide import Plan, leaving
from sd_operator.resources import DEPLOYMENTS, Manifest

logger = logging.getLogger(__name__)

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
"""Of pods that serve equally well, a ReplicaSet ends those with the lowest first."""
HIGHEST_COST = 2**31 - 1


class Workloads(Protocol):
    """Knows how much work pods still owe."""

    async def backlog_s(self, pods: Iterable[Manifest]) -> dict[str, float]:
        """By the pods' UIDs, in seconds; infinite for a pod that does not say."""
        ...


def goes_down(plan: Plan) -> bool:
    """Whether the plan takes pods away while the others stay as they are."""
    return any(
        change.manifest["kind"] == DEPLOYMENTS.kind
        and change.live is not None
        and change.manifest["spec"]["replicas"] < change.live["spec"].get("replicas", 1)
        for change in plan.apply
    )


async def mark_idlest(kube: KubeClient, workloads: Workloads, pods: Iterable[Manifest]) -> None:
    """Tells the cluster which pods to end first."""
    staying = [pod for pod in pods if not leaving(pod)]
    backlog_s = await workloads.backlog_s(staying)
    await asyncio.gather(*(_mark(kube, pod, cost(backlog_s[pod["metadata"]["uid"]])) for pod in staying))


def cost(backlog_s: float) -> str:
    """Seconds of work as the whole number that the annotation takes."""
    return str(int(min(backlog_s * 1000, HIGHEST_COST)))


async def _mark(kube: KubeClient, pod: Manifest, wanted: str) -> None:
    if pod["metadata"].get("annotations", {}).get(DELETION_COST) == wanted:
        return
    try:
        await kube.annotate(pod, {DELETION_COST: wanted})
    except RejectedError as refusal:  # it may have gone; whatever it is, the service is to shrink all the same
        logger.warning("Pod %s could not be marked: %s", pod["metadata"]["name"], refusal)
