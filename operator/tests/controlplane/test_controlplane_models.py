"""Provisioning of models on a real API server; the tests terminate the pods of the Jobs as a kubelet would."""

import json
import time

import pytest
from sd_harness.control_plane.control_plane import Manifest
from sd_harness.control_plane.model_job_pods import (
    PIPELINE,
    active_job_pod,
    container_args,
    failure_message,
    job_name,
    model_jobs,
    success_message,
    terminate,
)
from sd_harness.control_plane.operator_testbed import OperatorTestbed, condition
from sd_harness.control_plane.processes import eventually
from sd_harness.services.live_objects import COMMIT, MODEL_DIGEST
from sd_harness.services.service_specs import DEMO, with_hugging_face
from sd_operator.children.config_map import referenced_config_map
from test_controlplane_status import container, true

ACCESS = (
    "TokenMissing", "TokenInvalid", "TokenLacksGatedRead", "TermsNotAccepted", "RepositoryNotFound",
    "RevisionNotFound", "HubUnreachable",
)  # fmt: skip
OTHERS = ("InsufficientSpace", "CacheUnusable", "Corrupt", "UnsupportedPipeline")
GATED = with_hugging_face(tokenSecretRef={"name": "hub"})
PAGE = f"https://huggingface.co/{PIPELINE}"
SHARED = {"cache": {"claimName": "models"}}
SHOWN_S = 10.0


def wait_for_reason(testbed: OperatorTestbed, reason: str, name: str = "demo") -> Manifest:
    """Return the service once its condition Ready has that reason."""
    return testbed.eventually("diar", lambda seen: condition(seen, "Ready")["reason"] == reason, name)


def wait_for_model(testbed: OperatorTestbed, name: str = "demo") -> Manifest:
    """Return the service once its model is cached and its children exist."""
    testbed.eventually("diar", lambda seen: condition(seen, "ModelCached")["status"] == "True", name)
    testbed.eventually("deployment", lambda seen: seen["spec"], name)
    testbed.wait_until_settled(name)
    return wait_for_reason(testbed, "Unschedulable", name)


def is_being_provisioned(service: Manifest) -> bool:
    """Return True if a Job provides the model; its pod may be reported as unschedulable, since there is no node."""
    return condition(service, "ModelCached")["reason"] in ("Downloading", "Unschedulable")


def test_the_result_of_the_job_is_pinned_before_the_pods_are_created(testbed: OperatorTestbed) -> None:
    testbed.apply(GATED)
    seen = testbed.eventually("diar", is_being_provisioned)
    assert condition(seen, "ModelAccess")["status"] == "Unknown"
    assert condition(seen, "ModelCached")["status"] == "False"
    assert "model" not in seen["status"]
    pod = active_job_pod(testbed)
    assert testbed.get("deployment") is None
    [claim] = testbed.plane.list("persistentvolumeclaims", testbed.namespace)
    assert claim["metadata"]["name"] == "demo-models"
    terminate(testbed, pod, success_message())
    seen = wait_for_model(testbed)
    assert seen["status"]["model"] == {
        "source": f"{PIPELINE}@{COMMIT[:12]}", "mode": "exact", "pipeline": PIPELINE, "revision": COMMIT,
        "digest": MODEL_DIGEST, "claimName": "demo-models", "path": f"{PIPELINE.replace('/', '--')}/{COMMIT}",
    }  # fmt: skip
    assert [condition(seen, kind)["reason"] for kind in ("ModelAccess", "ModelCached")] == ["Granted", "Cached"]
    assert testbed.settings()["SD_MODEL_DIGEST"] == MODEL_DIGEST
    assert ("Normal", "Cached") in testbed.events()


@pytest.mark.parametrize("reason", [*ACCESS, *OTHERS])
def test_every_reason_is_shown_in_conditions_and_in_an_event(testbed: OperatorTestbed, reason: str) -> None:
    testbed.apply(GATED)
    pod = active_job_pod(testbed)
    began = time.monotonic()
    terminate(testbed, pod, failure_message(reason, PAGE), clock_skew_s=30)
    seen = wait_for_reason(testbed, reason)
    assert time.monotonic() - began < SHOWN_S
    message = condition(seen, "Ready")["message"]
    missing = "Secret hub does not exist or has no token under key token. " if reason == "TokenMissing" else ""
    assert message.startswith(f"{missing}This is the sentence of {reason}.")
    assert PAGE in message
    cached, access = condition(seen, "ModelCached"), condition(seen, "ModelAccess")
    assert (cached["status"], cached["reason"], cached["message"]) == ("False", reason, message)
    if reason in ACCESS:
        assert (access["status"], access["reason"]) == ("False", reason)
    else:
        assert access["status"] in ("True", "Unknown")
    eventually(lambda: ("Warning", reason) in testbed.events(), "the Event")
    assert PAGE in testbed.kubectl("describe", "diar", "demo")
    assert testbed.get("deployment") is None


def test_a_service_recovers_when_the_hub_responds_again(testbed: OperatorTestbed) -> None:
    testbed.apply(GATED)
    terminate(testbed, pod := active_job_pod(testbed), failure_message("HubUnreachable"), clock_skew_s=5)
    wait_for_reason(testbed, "HubUnreachable")
    again = active_job_pod(testbed, excluding_job=job_name(pod))
    terminate(testbed, again, success_message())
    wait_for_model(testbed)
    assert [each["metadata"]["annotations"]["sd-triton.dev/attempt"] for each in model_jobs(testbed)] == ["1", "2"]


def test_jobs_of_services_with_the_same_claim_run_one_after_the_other(testbed: OperatorTestbed) -> None:
    names = ("one", "two", "three")
    for name in names:
        testbed.apply(GATED | SHARED, name)

    def with_running_job() -> list[str]:
        return [name for name in names if model_jobs(testbed, name)]

    eventually(with_running_job, "the first Job")
    for number in range(3):
        assert len(with_running_job()) == number + 1
        for name in set(names).difference(with_running_job()):
            assert (
                "uses the claim models"
                in condition(wait_for_reason(testbed, "WaitingForClaim", name), "Ready")["message"]
            )
        [name] = [name for name in with_running_job() if "model" not in (testbed.get("diar", name) or {})["status"]]
        terminate(testbed, active_job_pod(testbed, name), success_message())
        testbed.eventually("diar", lambda seen: "model" in seen["status"], name)
        if number < 2:
            eventually(lambda number=number: len(with_running_job()) == number + 2, "the next Job", 20)


def test_a_new_revision_is_rolled_out_after_its_download_and_then_the_old_one_is_removed(
    testbed: OperatorTestbed,
) -> None:
    testbed.apply(GATED | SHARED)
    terminate(testbed, active_job_pod(testbed), success_message())
    wait_for_model(testbed)
    latest = "1" * 40
    testbed.apply(with_hugging_face(revision=latest) | SHARED)
    pod = active_job_pod(testbed)
    seen = testbed.eventually(
        "diar", lambda seen: is_being_provisioned(seen) and seen["status"]["observedGeneration"] == 2
    )
    assert seen["status"]["model"]["revision"] == COMMIT
    assert testbed.get("deployment") is not None
    terminate(testbed, pod, success_message(latest))
    eventually(lambda: testbed.settings().get("SD_MODEL_DIR", "").endswith(latest), "the new revision is rolled out")
    seen = testbed.eventually("diar", lambda seen: seen["status"].get("outdatedModels"))
    assert seen["status"]["outdatedModels"] == [{"claimName": "models", "pipeline": PIPELINE}]
    serve(testbed)
    removal = active_job_pod(testbed)
    assert container_args(removal) == [
        "models",
        "remove",
        "--cache",
        "/model",
        "--pipeline",
        PIPELINE,
        "--keep",
        latest,
    ]
    terminate(testbed, removal, {"removed": [COMMIT]})
    testbed.eventually("diar", lambda seen: "outdatedModels" not in seen["status"])
    eventually(lambda: removal_jobs(testbed) == [], "no Job is left that removes")


def removal_jobs(testbed: OperatorTestbed) -> list[str]:
    """Return the names of the Jobs that remove models."""
    return [each["metadata"]["name"] for each in model_jobs(testbed) if "remove" in json.dumps(each["spec"])]


def serve(testbed: OperatorTestbed) -> None:
    """Make every pod of the latest spec ready, and delete those of an earlier one."""
    deployment = testbed.get("deployment") or {}
    latest = referenced_config_map(deployment["spec"]["template"])
    eventually(
        lambda: [pod for pod in testbed.pods() if referenced_config_map(pod) == latest], "a pod of the latest spec"
    )
    for pod in testbed.pods():
        if referenced_config_map(pod) == latest:
            testbed.plane.patch_status(
                "pod", pod["metadata"]["name"], testbed.namespace, {"conditions": [true("Ready")]}
            )
    testbed.eventually("diar", lambda seen: condition(seen, "Ready")["status"] == "True")


def test_a_damaged_model_is_downloaded_again_with_its_digest(testbed: OperatorTestbed) -> None:
    testbed.apply(GATED)
    terminate(testbed, first := active_job_pod(testbed), success_message())
    wait_for_model(testbed)
    ended = {
        "exitCode": 4, "reason": "Error", "message": "segmentation/pytorch_model.bin has been changed.",
        "finishedAt": "2100-01-01T00:00:00Z",
    }  # fmt: skip
    waits = {"waiting": {"reason": "CrashLoopBackOff"}}
    [server] = [pod for pod in testbed.pods() if not job_name(pod)]
    status = {"initContainerStatuses": [container("engine", state=waits, lastState={"terminated": ended})]}
    testbed.plane.patch_status("pod", server["metadata"]["name"], testbed.namespace, status)
    seen = wait_for_reason(testbed, "Corrupt")
    assert "segmentation/pytorch_model.bin has been changed." in condition(seen, "ModelCached")["message"]
    repair = active_job_pod(testbed, excluding_job=job_name(first))
    arguments = container_args(repair)
    assert arguments[arguments.index("--digest") + 1] == MODEL_DIGEST
    terminate(testbed, repair, success_message())
    ended["finishedAt"] = "2026-01-01T00:00:00Z"
    status = {"initContainerStatuses": [container("engine", state=waits, lastState={"terminated": ended})]}
    testbed.plane.patch_status("pod", server["metadata"]["name"], testbed.namespace, status)
    seen = testbed.eventually(
        "diar", lambda seen: condition(seen, "Ready")["message"].endswith("the pod loads it when it restarts.")
    )
    assert condition(seen, "Ready")["reason"] == "Corrupt"


def test_a_retained_claim_outlives_its_service_and_is_used_again(testbed: OperatorTestbed) -> None:
    spec = GATED | {"cache": {"retain": True}}
    testbed.apply(spec)
    active_job_pod(testbed)
    before = testbed.get("pvc", "demo-models") or {}
    assert "ownerReferences" not in before["metadata"]
    testbed.kubectl("delete", "diar", "demo")
    eventually(lambda: testbed.children() == {}, "no children", 30)
    testbed.apply(spec)
    active_job_pod(testbed)
    after = testbed.get("pvc", "demo-models") or {}
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    testbed.apply(GATED)
    testbed.eventually("pvc", lambda seen: seen["metadata"].get("ownerReferences"), "demo-models")


def test_pods_go_on_serving_if_the_status_is_lost(testbed: OperatorTestbed) -> None:
    testbed.apply(GATED)
    terminate(testbed, active_job_pod(testbed), success_message())
    wait_for_model(testbed)
    before = testbed.get("deployment") or {}
    for job in model_jobs(testbed):
        testbed.kubectl("delete", "job", job["metadata"]["name"])
    testbed.plane.kubectl(
        "patch", "diar", "demo", f"--namespace={testbed.namespace}", "--subresource=status", "--type=json",
        '--patch=[{"op": "remove", "path": "/status/model"}]',
    )  # fmt: skip
    terminate(testbed, active_job_pod(testbed), success_message())
    testbed.eventually("diar", lambda seen: seen["status"].get("model", {}).get("digest") == MODEL_DIGEST)
    after = testbed.get("deployment") or {}
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["spec"] == before["spec"]


def test_a_service_can_change_from_a_download_to_the_demo_model(testbed: OperatorTestbed) -> None:
    testbed.apply(GATED)
    active_job_pod(testbed)
    testbed.apply(DEMO)
    testbed.eventually("deployment", lambda seen: seen["spec"])
    eventually(lambda: model_jobs(testbed) == [], "no Job", 30)
    eventually(lambda: testbed.plane.list("persistentvolumeclaims", testbed.namespace) == [], "no claim", 30)
    testbed.wait_until_settled()


def test_a_service_recovers_after_the_quota_that_rejects_its_job_pod_is_deleted(testbed: OperatorTestbed) -> None:
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none", "namespace": testbed.namespace}}
    testbed.plane.apply(quota | {"spec": {"hard": {"pods": "0"}}})
    eventually(lambda: (testbed.get("quota", "none") or {}).get("status", {}).get("hard"), "the quota holds")
    testbed.apply(GATED)
    seen = testbed.eventually("diar", lambda seen: condition(seen, "Ready")["reason"] == "QuotaExceeded")
    assert "exceeded quota" in condition(seen, "Ready")["message"]
    testbed.kubectl("delete", "quota", "none")
    active_job_pod(testbed)
