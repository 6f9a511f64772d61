"""Pods that quota or admission refuse: the cluster tries again ever more rarely, so it is asked to."""

from datetime import UTC, datetime, timedelta

from sd_operator.reconcile.observe import Observation
from sd_operator.reconcile.rollout import Rollout
from sd_operator.runtime.kube import Kube
from sd_operator.vocabulary import DEPLOYMENTS, GROUP, Manifest

ASKED_AGAIN = f"{GROUP}/asked-again"
"""Annotation on a Deployment. It reaches the ReplicaSet, whose controller then forgets its back-off of minutes."""
EVERY_S = 8.0


def pods_are_refused(seen: Observation) -> bool:
    """Whether the Deployment exists and cannot get its pods."""
    return bool(Rollout.of(seen.child(DEPLOYMENTS.kind)).failure)


async def ask_for_pods_again(kube: Kube, deployment: Manifest | None, now: datetime) -> float:
    """Asks, unless that was done just now; says after how many seconds to come back."""
    if deployment is None:
        return EVERY_S
    asked = deployment["metadata"].get("annotations", {}).get(ASKED_AGAIN)
    if asked is None or now - datetime.fromisoformat(asked) >= timedelta(seconds=EVERY_S):
        await kube.annotate(deployment, {ASKED_AGAIN: now.astimezone(UTC).isoformat()})
    return EVERY_S
