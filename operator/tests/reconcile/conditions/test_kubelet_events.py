"""Of the Events of a pod, the last failure to set it up is quoted."""

from datetime import UTC, datetime

from sd_harness.services.live_objects import pod
from sd_operator.reconcile.conditions.kubelet_events import late_pod, setup_failure
from sd_operator.reconcile.finding import Finding
from sd_operator.resources import Manifest

MOUNT = 'MountVolume.SetUp failed for volume "model": no such share'
SUMMARY = "Unable to attach or mount volumes: unmounted volumes=[model]: timed out waiting for the condition"


def event(reason: str, message: str, time: str | None = "2026-01-01T00:00:00Z", **more: str) -> Manifest:
    """Return an Event of a pod."""
    return {"metadata": {"name": reason}, "reason": reason, "message": message, "lastTimestamp": time, **more}


def test_a_successful_start_has_no_failure() -> None:
    assert setup_failure(pod(), []) is None
    assert setup_failure(pod(), [event("Scheduled", "assigned to node-1"), event("Pulling", "server:1")]) is None


def test_the_message_is_quoted() -> None:
    assert setup_failure(pod(), [event("FailedMount", MOUNT)]) == Finding("VolumePending", f"Pod demo-1: {MOUNT}")
    attach = event("FailedAttachVolume", "Multi-Attach error: the volume is in use by demo-0")
    expected = Finding("VolumePending", "Pod demo-1: Multi-Attach error: the volume is in use by demo-0")
    assert setup_failure(pod(), [attach]) == expected
    sandbox = event("FailedCreatePodSandBox", "plugin bridge has no address left")
    assert setup_failure(pod(), [sandbox]) == Finding(
        "SandboxCreationFailed", "Pod demo-1: plugin bridge has no address left"
    )


def test_the_latest_event_counts_in_either_notation_of_its_time() -> None:
    earlier, later = event("FailedMount", "then"), event("FailedMount", "now", "2026-01-01T00:01:00Z")
    series = event("FailedMount", "just now", None, eventTime="2026-01-01T00:02:00.000000Z")
    assert setup_failure(pod(), [later, earlier]) == Finding("VolumePending", "Pod demo-1: now")
    assert setup_failure(pod(), [later, series, earlier]) == Finding("VolumePending", "Pod demo-1: just now")


def test_a_summary_does_not_replace_the_cause() -> None:
    events = [event("FailedMount", MOUNT), event("FailedMount", SUMMARY, "2026-01-01T00:02:00Z")]
    assert setup_failure(pod(), events) == Finding("VolumePending", f"Pod demo-1: {MOUNT}")
    assert setup_failure(pod(), events[1:]) == Finding("VolumePending", f"Pod demo-1: {SUMMARY}")


ASSIGNED = {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-01-02T03:04:00Z"}
SET_UP = {"type": "PodReadyToStartContainers", "status": "True", "lastTransitionTime": "2026-01-02T03:04:01Z"}


def test_only_a_pod_that_takes_longer_than_usual_needs_its_events() -> None:
    assigned = pod(conditions=[ASSIGNED])
    assert late_pod([assigned], datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) is None
    assert late_pod([assigned], datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC)) is assigned
    later = datetime(2026, 1, 2, 4, tzinfo=UTC)
    assert late_pod([pod(), pod(conditions=[ASSIGNED, SET_UP])], later) is None
