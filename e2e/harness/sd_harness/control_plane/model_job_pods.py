"""The Jobs that bring models on a control plane without nodes: a test says how each of them ends."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sd_operator.children.model_job import ATTEMPT_ANNOTATION
from sd_operator.reconcile.model.job import JOB_NAME

from sd_harness.control_plane.control_plane import Manifest
from sd_harness.control_plane.operator_testbed import OperatorTestbed
from sd_harness.control_plane.processes import eventually
from sd_harness.services.live_objects import COMMIT, MODEL_DIGEST

PIPELINE = "pyannote/speaker-diarization-community-1"


def success_message(commit: str = COMMIT, digest: str = MODEL_DIGEST) -> Manifest:
    """What a downloader says once a model is there."""
    place = f"/model/{PIPELINE.replace('/', '--')}/{commit}"
    return {"digest": digest, "path": place, "pipeline": PIPELINE, "revision": commit, "received_bytes": 1}


def failure_message(reason: str, *pages: str) -> Manifest:
    """What it says where it is not."""
    return {"reason": reason, "message": f"This is the sentence of {reason}.", "pages": [*pages]}


def model_jobs(testbed: OperatorTestbed, name: str = "demo") -> list[Manifest]:
    """The Jobs of a service, the first one first."""
    found = testbed.plane.list("jobs", testbed.namespace)
    mine = [each for each in found if each["metadata"]["labels"]["app.kubernetes.io/instance"] == name]
    return sorted(mine, key=lambda each: int(each["metadata"]["annotations"][ATTEMPT_ANNOTATION]))


def active_job_pod(testbed: OperatorTestbed, name: str = "demo", *, excluding_job: str = "") -> Manifest:
    """The pod of a service's Job that has not ended; none of the Job called `excluding_job`."""

    def look() -> Manifest | None:
        of = f"app.kubernetes.io/component=model,app.kubernetes.io/instance={name}"
        found = json.loads(testbed.kubectl("get", "pods", "-l", of, "-o", "json"))["items"]
        alive = [each for each in found if each["status"].get("phase") == "Pending" and job_name(each) != excluding_job]
        return next((each for each in alive if "deletionTimestamp" not in each["metadata"]), None)

    return eventually(look, f"a pod of a Job of {name}", 20)


def job_name(pod: Manifest) -> str:
    """The Job that a pod belongs to; empty for one that serves."""
    return pod["metadata"]["labels"].get(JOB_NAME, "")


def container_args(pod: Manifest) -> list[str]:
    """What the downloader in a pod is told."""
    return pod["spec"]["containers"][0]["args"]


def terminate(testbed: OperatorTestbed, pod: Manifest, said: Any, *, ahead_s: float = 0) -> None:
    """What a kubelet writes when the downloader has ended with those words; its clock may be ahead."""
    testbed.plane.patch_status("pod", pod["metadata"]["name"], testbed.namespace, terminated_status(said, ahead_s))


def terminated_status(said: Any, ahead_s: float = 0) -> Manifest:
    """The status of such a pod."""
    code = 1 if "reason" in said else 0
    now = (datetime.now(UTC) + timedelta(seconds=ahead_s)).strftime("%Y-%m-%dT%H:%M:%SZ")
    terminated = {"exitCode": code, "reason": "Error" if code else "Completed", "message": json.dumps(said)}
    terminated |= {"startedAt": now, "finishedAt": now}
    container = {
        "name": "model-store", "image": "sd-triton-server:1", "imageID": "", "ready": False, "restartCount": 0,
        "state": {"terminated": terminated},
    }  # fmt: skip
    return {"phase": "Failed" if code else "Succeeded", "containerStatuses": [container]}
