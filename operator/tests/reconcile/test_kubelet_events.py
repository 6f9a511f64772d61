"""Of all that is told of a pod, what says why it cannot be set up."""

from sd_harness.services.live_objects import pod
from sd_operator.reconcile.conditions.kubelet_events import failure
from sd_operator.reconcile.reason import Cause
from sd_operator.resources import Manifest

MOUNT = 'MountVolume.SetUp failed for volume "model": no such share'
SUMMARY = "Unable to attach or mount volumes: unmounted volumes=[model]: timed out waiting for the condition"


def event(reason: str, message: str, time: str | None = "2026-01-01T00:00:00Z", **more: str) -> Manifest:
    """What somebody told."""
    return {"metadata": {"name": reason}, "reason": reason, "message": message, "lastTimestamp": time, **more}


def test_a_start_that_goes_well_is_no_failure() -> None:
    assert failure(pod(), []) is None
    assert failure(pod(), [event("Scheduled", "assigned to node-1"), event("Pulling", "server:1")]) is None


def test_who_tried_is_quoted() -> None:
    assert failure(pod(), [event("FailedMount", MOUNT)]) == Cause("VolumePending", f"Pod demo-1: {MOUNT}")
    attach = event("FailedAttachVolume", "Multi-Attach error: the volume is in use by demo-0")
    expected = Cause("VolumePending", "Pod demo-1: Multi-Attach error: the volume is in use by demo-0")
    assert failure(pod(), [attach]) == expected
    sandbox = event("FailedCreatePodSandBox", "plugin bridge has no address left")
    assert failure(pod(), [sandbox]) == Cause("SandboxCreationFailed", "Pod demo-1: plugin bridge has no address left")


def test_the_latest_counts_whichever_way_its_time_is_written() -> None:
    earlier, later = event("FailedMount", "then"), event("FailedMount", "now", "2026-01-01T00:01:00Z")
    series = event("FailedMount", "just now", None, eventTime="2026-01-01T00:02:00.000000Z")
    assert failure(pod(), [later, earlier]) == Cause("VolumePending", "Pod demo-1: now")
    assert failure(pod(), [later, series, earlier]) == Cause("VolumePending", "Pod demo-1: just now")


def test_a_summary_never_hides_the_cause() -> None:
    told = [event("FailedMount", MOUNT), event("FailedMount", SUMMARY, "2026-01-01T00:02:00Z")]
    assert failure(pod(), told) == Cause("VolumePending", f"Pod demo-1: {MOUNT}")
    assert failure(pod(), told[1:]) == Cause("VolumePending", f"Pod demo-1: {SUMMARY}")
