"""Conditions follow the reports of the scheduler and the kubelet; the tests write the latter."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sd_harness.control_plane.control_plane import ControlPlane
from sd_harness.control_plane.operator_testbed import OperatorTestbed, condition
from sd_harness.services.service_specs import DEMO, with_demo
from sd_operator.resources import Manifest

TAINT = {"key": "test", "effect": "NoSchedule"}


def container(name: str, **status: Any) -> Manifest:
    """Return the status of a container with the required fields."""
    needed = {"image": "sd-triton-server:1", "imageID": "", "restartCount": 0, "ready": False}
    return {"name": name, **needed, **status}


def wait_for_reason(testbed: OperatorTestbed, reason: str, *, timeout_s: float = 10) -> Manifest:
    """Return the service once its condition Ready has that reason."""
    return testbed.eventually("diar", lambda seen: condition(seen, "Ready")["reason"] == reason, timeout_s=timeout_s)


def true(kind: str) -> Manifest:
    """Return a condition of a pod that has just become true."""
    return {"type": kind, "status": "True", "lastTransitionTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}


def give_to_a_node(testbed: OperatorTestbed, pod: Manifest) -> None:
    """Assign a pod to a node, as the scheduler does."""
    name = pod["metadata"]["name"]
    binding = {
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": name},
        "target": {"kind": "Node", "name": "n"},
    }
    path = f"/api/v1/namespaces/{testbed.namespace}/pods/{name}/binding"
    testbed.plane.kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(binding))


def kubelet_event(pod: Manifest, reason: str, message: str) -> Manifest:
    """Return an Event of the kubelet about a pod."""
    metadata = pod["metadata"]
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{metadata['name']}.1", "namespace": metadata["namespace"]},
        "involvedObject": {
            "kind": "Pod", "apiVersion": "v1",
            **{field: metadata[field] for field in ("name", "namespace", "uid")},
        },
        "type": "Warning",
        "reason": reason,
        "message": message,
        "source": {"component": "kubelet"},
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }  # fmt: skip


def bound_claim(name: str, namespace: str) -> list[Manifest]:
    """Return a volume and a claim that are bound to each other; no controller of this control plane binds them."""
    volume = f"{namespace}-{name}"
    spec = {"accessModes": ["ReadOnlyMany"], "storageClassName": ""}
    reference = {"kind": "PersistentVolumeClaim", "namespace": namespace, "name": name}
    bound = {"pv.kubernetes.io/bind-completed": "yes"}
    return [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": volume},
            "spec": spec
            | {"capacity": {"storage": "1Gi"}, "claimRef": reference, "nfs": {"server": "10.0.0.1", "path": "/models"}},
        },
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": name, "namespace": namespace, "annotations": bound},
            "spec": spec | {"resources": {"requests": {"storage": "1Gi"}}, "volumeName": volume},
        },
    ]


def test_the_conditions_of_a_pod_from_its_first_failure_to_its_deletion(testbed: OperatorTestbed) -> None:
    testbed.apply(DEMO)
    wait_for_reason(testbed, "Unschedulable")

    missing = {"waiting": {"reason": "ErrImagePull", "message": "sd-triton-server:1: not found"}}
    testbed.patch_pods(initContainerStatuses=[container("engine", state=missing)])
    seen = wait_for_reason(testbed, "ImagePullFailed")
    assert condition(seen, "Ready")["message"].endswith("its image sd-triton-server:1: sd-triton-server:1: not found")

    ended = {"exitCode": 1, "reason": "Error", "message": "SD_MODE is 'x'; it must be one of: exact, fast, reference."}
    waits = {"waiting": {"reason": "CrashLoopBackOff"}}
    crashed = container("engine", state=waits, lastState={"terminated": ended}, restartCount=2)
    testbed.patch_pods(initContainerStatuses=[crashed])
    seen = wait_for_reason(testbed, "ContainerCrashed")
    assert condition(seen, "Ready")["message"].endswith(
        "Its termination message: SD_MODE is 'x'; it must be one of: exact, fast, reference."
    )
    assert condition(seen, "Available")["status"] == "False"

    since = condition(seen, "Ready")["lastTransitionTime"]
    testbed.patch_pods(
        conditions=[{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}],
        initContainerStatuses=[container("engine", state={"running": {}}) | {"ready": True, "started": True}],
    )
    seen = wait_for_reason(testbed, "Serving")
    assert {each["type"]: each["status"] for each in seen["status"]["conditions"]} == {
        "Ready": "True", "ModelAccess": "True", "ModelCached": "True", "Available": "True", "Progressing": "False",
        "Degraded": "False",
    }  # fmt: skip
    assert seen["status"]["readyReplicas"] == 1
    assert condition(seen, "Ready")["lastTransitionTime"] >= since

    testbed.kubectl("delete", "pods", "--all", "--wait=false")
    seen = wait_for_reason(testbed, "Unschedulable")
    assert condition(seen, "Available")["status"] == "False"
    assert seen["status"]["lastFailure"]["reason"] == "Unschedulable"

    assert [event for event in testbed.events() if event[1] != "AsExpected"] == [
        ("Warning", "Unschedulable"),
        ("Warning", "ImagePullFailed"),
        ("Warning", "ContainerCrashed"),
        ("Normal", "Serving"),
        ("Warning", "Unschedulable"),
    ]
    assert "Container engine of pod" in testbed.kubectl("describe", "diar", "demo")


def test_a_service_recovers_after_the_quota_that_rejects_its_pods_is_deleted(testbed: OperatorTestbed) -> None:
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none", "namespace": testbed.namespace}}
    testbed.plane.apply(quota | {"spec": {"hard": {"pods": "0"}}})
    testbed.eventually("resourcequota", lambda seen: seen.get("status", {}).get("hard"), "none")
    testbed.apply(DEMO)
    assert "exceeded quota: none" in condition(wait_for_reason(testbed, "QuotaExceeded"), "Ready")["message"]
    time.sleep(5)  # the backoff of the ReplicaSet controller has increased by then
    testbed.kubectl("delete", "resourcequota", "none")
    wait_for_reason(testbed, "Unschedulable")  # the pod exists


def test_a_service_recovers_after_its_priority_class_is_created(testbed: OperatorTestbed) -> None:
    testbed.apply(with_demo(compute={"priorityClassName": f"urgent-{testbed.namespace}"}))
    assert "no PriorityClass with name" in condition(wait_for_reason(testbed, "PodsRejected"), "Ready")["message"]
    urgent = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "value": 1000}
    testbed.plane.apply(urgent | {"metadata": {"name": f"urgent-{testbed.namespace}"}})
    wait_for_reason(testbed, "Unschedulable")


@pytest.fixture
def tainted_node(plane: ControlPlane) -> Iterator[None]:
    """A healthy node with a taint: without any node, the scheduler does not examine the volumes of a pod."""
    metadata = {"name": "tainted"}
    plane.apply({"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": {"taints": [TAINT]}})
    room = {"cpu": "8", "memory": "64Gi", "pods": "110", "ephemeral-storage": "100Gi"}
    healthy = {
        "type": "Ready",
        "status": "True",
        "reason": "KubeletReady",
        "message": "kubelet is posting ready status",
    }
    status = {"status": {"capacity": room, "allocatable": room, "conditions": [healthy]}}
    plane.kubectl("patch", "node", "tainted", "--subresource=status", f"--patch={json.dumps(status)}")
    yield
    plane.kubectl("delete", "node", "tainted")


@pytest.mark.usefixtures("tainted_node")
def test_a_service_recovers_after_its_claim_is_created(testbed: OperatorTestbed) -> None:
    claim = {"persistentVolumeClaim": {"claimName": "models"}}
    testbed.apply({"model": {"source": claim}})  # the Job that verifies the model has no volume
    message = condition(wait_for_reason(testbed, "VolumePending"), "Ready")["message"]
    assert 'persistentvolumeclaim "models" not found' in message
    testbed.plane.apply(*bound_claim("models", testbed.namespace))
    message = condition(wait_for_reason(testbed, "Unschedulable"), "Ready")["message"]
    assert "untolerated taint" in message
    assert "persistentvolumeclaim" not in message


def test_a_failed_mount_is_reported_within_ten_seconds_and_until_the_pod_starts(
    testbed: OperatorTestbed,
) -> None:
    testbed.apply(DEMO)
    testbed.wait_until_settled()
    [pod] = testbed.pods()
    give_to_a_node(testbed, pod)
    message = condition(wait_for_reason(testbed, "Starting"), "Ready")["message"]
    assert message.endswith("the volumes and the network of the pod are set up.")

    time.sleep(6)  # setting up the pod takes longer than usual
    testbed.plane.apply(kubelet_event(pod, "FailedMount", 'MountVolume.SetUp failed for volume "model": no share'))
    seen = wait_for_reason(testbed, "VolumePending", timeout_s=15)  # ten, with a margin for a busy machine
    message = f'Pod {pod["metadata"]["name"]}: MountVolume.SetUp failed for volume "model": no share'
    assert (condition(seen, "Ready")["message"], condition(seen, "Degraded")["message"]) == (message, message)
    assert seen["status"]["lastFailure"]["reason"] == "VolumePending"

    testbed.patch_pods(conditions=[true("PodScheduled"), true("PodReadyToStartContainers")])
    message = condition(wait_for_reason(testbed, "Starting"), "Ready")["message"]
    assert message.endswith("the engine image is pulled.")
    testbed.kubectl("delete", "pods", "--all", "--force", "--grace-period=0")  # no kubelet terminates it


def test_a_missing_kind_is_a_condition(testbed: OperatorTestbed) -> None:
    testbed.apply(with_demo(monitoring={"podMonitor": True}, autoscaling={"mode": "keda"}))
    seen = testbed.eventually("diar", lambda seen: condition(seen, "Degraded")["reason"] == "KindMissing")
    assert "The cluster has no PodMonitor" in condition(seen, "Degraded")["message"]
    assert condition(seen, "Autoscaling")["reason"] == "KedaMissing"
    testbed.wait_until_settled()


def test_kubectl_get_shows_the_reason(testbed: OperatorTestbed) -> None:
    testbed.apply(DEMO)
    testbed.wait_until_settled()
    header, line = testbed.kubectl("get", "dsvc").splitlines()
    assert header.split() == ["NAME", "READY", "REASON", "MODEL", "REPLICAS", "AGE"]
    assert line.split()[:5] == ["demo", "False", "Unschedulable", "demo", "1"]
