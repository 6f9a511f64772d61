"""Pods that quota or admission refuse: the cluster tries again ever more rarely, so it is asked to."""

from datetime import UTC, datetime, timedelta

from sd_operator.kube.client import KubeClient
from sd_operator.reconcile.conditions.rollout import Rollout
from sd_operator.reconcile.observe import Observation
from sd_operator.resources import DEPLOYMENTS, GROUP, Manifest

ASKED_AGAIN = f"{GROUP}/asked-again"
"""Annotation on a Deployment. It reaches the ReplicaSet, whose controller then forgets its back-off of minutes."""


def pods_are_refused(seen: Observation) -> bool:
    """Whether the Deployment exists and cannot get its pods."""
    return bool(Rollout.of(seen.child(DEPLOYMENTS.kind)).failure)


async def ask_for_pods_again(kube: KubeClient, deployment: Manifest | None, now: datetime, pause_s: float) -> None:
    """Asks, unless that was done within the last `pause_s` seconds."""
    if deployment is None:
        return
    asked = deployment["metadata"].get("annotations", {}).get(ASKED_AGAIN)
    if asked is None or now - datetime.fromisoformat(asked) >= timedelta(seconds=pause_s):
        await kube.annotate(deployment, {ASKED_AGAIN: now.astimezone(UTC).isoformat()})
