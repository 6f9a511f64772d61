"""What is said of a pod that cannot be set up on its node: a volume that is not mounted shows in Events alone."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from sd_operator.kube.client import KubeClient
from sd_operator.kube.conditions import transition_time
from sd_operator.kube.errors import RejectedError
from sd_operator.reconcile.conditions.pod_startup import SCHEDULED, is_being_set_up, unready
from sd_operator.reconcile.reason import Cause
from sd_operator.resources import Manifest

logger = logging.getLogger(__name__)

USUAL = timedelta(seconds=5)
"""A pod that is set up within this time is nothing to ask about."""
FAILURES = {
    "FailedMount": "VolumePending",
    "FailedMapVolume": "VolumePending",
    "FailedAttachVolume": "VolumePending",
    "FailedCreatePodSandBox": "SandboxCreationFailed",
}
"""Reasons of the kubelet, and of the controller that attaches volumes; and ours."""
ONLY_A_LIST = "Unable to attach or mount volumes"
"""The kubelet's summary after two minutes names the volumes, and not what is wrong with them."""


async def failed_setups(kube: KubeClient, pods: Iterable[Manifest], now: datetime) -> dict[str, Cause]:
    """Why the newest of the pods that take long to be set up is not, by its UID.

    It is one list, whatever the number of pods, and none at all in a start that goes well.

    Raises:
        UnavailableError: the API server did not answer.
    """
    late = next((pod for pod in unready(pods) if is_being_set_up(pod) and _takes_long(pod, now)), None)
    if late is None:
        return {}
    try:
        cause = failure(late, await kube.list_events(late))
    except RejectedError as refusal:  # what the events would say is missing then, and nothing else
        logger.warning("What is said of pod %s cannot be read: %s", late["metadata"]["name"], refusal)
        return {}
    return {late["metadata"]["uid"]: cause} if cause else {}


def failure(pod: Manifest, events: Iterable[Manifest]) -> Cause | None:
    """The last failure among a pod's Events, in the words of whoever told it."""
    told = [event for event in events if event.get("reason") in FAILURES]
    if not told:
        return None
    last = max(told, key=_weight)
    return Cause(FAILURES[last["reason"]], f"Pod {pod['metadata']['name']}: {last.get('message', '').strip()}")


def _weight(event: Manifest) -> tuple[bool, str]:
    """What says most, and of that the latest."""
    time = event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp", "")
    return not event.get("message", "").startswith(ONLY_A_LIST), time


def _takes_long(pod: Manifest, now: datetime) -> bool:
    since = transition_time(pod, SCHEDULED)
    return not since or now - datetime.fromisoformat(since) > USUAL
