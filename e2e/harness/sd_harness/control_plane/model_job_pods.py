"""Simulates the kubelet for pods of model Jobs: a test sets the termination message of each."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sd_operator.children.model_job import ATTEMPT_ANNOTATION
from sd_operator.reconcile.model.job import JOB_NAME_LABEL

from sd_harness.control_plane.control_plane import Manifest
from sd_harness.control_plane.operator_testbed import OperatorTestbed
from sd_harness.control_plane.processes import eventually
from sd_harness.services.live_objects import COMMIT, MODEL_DIGEST

PIPELINE = "pyannote/speaker-diarization-community-1"


def success_message(commit: str = COMMIT, digest: str = MODEL_DIGEST) -> Manifest:
    """The termination message of a successful download."""
    path = f"/model/{PIPELINE.replace('/', '--')}/{commit}"
    return {"digest": digest, "path": path, "pipeline": PIPELINE, "revision": commit, "received_bytes": 1}


def failure_message(reason: str, *pages: str) -> Manifest:
    """The termination message of a failed download."""
    return {"reason": reason, "message": f"This is the sentence of {reason}.", "pages": [*pages]}


def model_jobs(testbed: OperatorTestbed, name: str = "demo") -> list[Manifest]:
    """The Jobs of a service, the oldest attempt first."""
    listed = testbed.plane.list("jobs", testbed.namespace)
    own = [each for each in listed if each["metadata"]["labels"]["app.kubernetes.io/instance"] == name]
    return sorted(own, key=lambda each: int(each["metadata"]["annotations"][ATTEMPT_ANNOTATION]))


def active_job_pod(testbed: OperatorTestbed, name: str = "demo", *, excluding_job: str = "") -> Manifest:
    """Wait for the pod of an unfinished Job of a service, other than the Job `excluding_job`."""

    def find() -> Manifest | None:
        selector = f"app.kubernetes.io/component=model,app.kubernetes.io/instance={name}"
        pods = json.loads(testbed.kubectl("get", "pods", "-l", selector, "-o", "json"))["items"]
        active = [each for each in pods if each["status"].get("phase") == "Pending" and job_name(each) != excluding_job]
        return next((each for each in active if "deletionTimestamp" not in each["metadata"]), None)

    return eventually(find, f"a pod of a Job of {name}", 20)


def job_name(pod: Manifest) -> str:
    """The name of the Job that a pod belongs to; empty for a pod of the Deployment."""
    return pod["metadata"]["labels"].get(JOB_NAME_LABEL, "")


def container_args(pod: Manifest) -> list[str]:
    """The arguments of the pod's container."""
    return pod["spec"]["containers"][0]["args"]


def terminate(testbed: OperatorTestbed, pod: Manifest, message: Any, *, clock_skew_s: float = 0) -> None:
    """Write the status of a pod whose container terminated with this message; the kubelet's clock may be ahead."""
    testbed.plane.patch_status(
        "pod", pod["metadata"]["name"], testbed.namespace, terminated_status(message, clock_skew_s)
    )


def terminated_status(message: Any, clock_skew_s: float = 0) -> Manifest:
    """The status of a pod whose container terminated with this message."""
    exit_code = 1 if "reason" in message else 0
    now = (datetime.now(UTC) + timedelta(seconds=clock_skew_s)).strftime("%Y-%m-%dT%H:%M:%SZ")
    terminated = {
        "exitCode": exit_code,
        "reason": "Error" if exit_code else "Completed",
        "message": json.dumps(message),
    }
    terminated |= {"startedAt": now, "finishedAt": now}
    container = {
        "name": "model-store", "image": "sd-triton-server:1", "imageID": "", "ready": False, "restartCount": 0,
        "state": {"terminated": terminated},
    }  # fmt: skip
    return {"phase": "Failed" if exit_code else "Succeeded", "containerStatuses": [container]}
