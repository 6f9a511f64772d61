"""Failures to set up a pod on its node. A volume that cannot be mounted is reported in Events alone. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sd_operator.api.reason import Reason
from sd_operator.kube.conditions import transition_time
from sd_operator.reconcile.conditions.pod_startup import SCHEDULED, is_being_set_up, unready_pods
from sd_operator.reconcile.finding import Finding
from sd_operator.resources import Manifest

USUAL_SETUP = timedelta(seconds=5)
"""A pod that is set up within this time needs no explanation."""
EVENT_REASONS = {
    "FailedMount": Reason.VOLUME_PENDING,
    "FailedMapVolume": Reason.VOLUME_PENDING,
    "FailedAttachVolume": Reason.VOLUME_PENDING,
    "FailedCreatePodSandBox": Reason.SANDBOX_CREATION_FAILED,
}
"""Reasons of the Events of the kubelet and of the controller that attaches volumes, and the condition's."""
SUMMARY = "Unable to attach or mount volumes"
"""The kubelet's summary after two minutes has the names of the volumes and not the cause."""


def late_pod(pods: Iterable[Manifest], now: datetime) -> Manifest | None:
    """Return the newest pod that takes longer than usual to be set up; None if there is none."""
    return next((pod for pod in unready_pods(pods) if is_being_set_up(pod) and _is_late(pod, now)), None)


def setup_failure(pod: Manifest, events: Iterable[Manifest]) -> Finding | None:
    """Return the last failure among the Events of a pod; None if there is none."""
    failures = [event for event in events if event.get("reason") in EVENT_REASONS]
    if not failures:
        return None
    last = max(failures, key=_rank)
    message = f"Pod {pod['metadata']['name']}: {last.get('message', '').strip()}"
    return Finding(EVENT_REASONS[last["reason"]], message)


def _rank(event: Manifest) -> tuple[bool, str]:
    """Prefer a cause to a summary, then the latest."""
    time = event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp", "")
    return not event.get("message", "").startswith(SUMMARY), time


def _is_late(pod: Manifest, now: datetime) -> bool:
    since = transition_time(pod, SCHEDULED)
    return not since or now - datetime.fromisoformat(since) > USUAL_SETUP
