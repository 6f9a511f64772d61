"""Conditions follow what scheduler and kubelet say; the tests write where a kubelet would."""

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
    """A container's status, as the API server demands it."""
    needed = {"image": "sd-triton-server:1", "imageID": "", "restartCount": 0, "ready": False}
    return {"name": name, **needed, **status}


def reason(testbed: OperatorTestbed, wanted: str, *, timeout_s: float = 10) -> Manifest:
    """The service once it is not ready for that reason."""
    return testbed.eventually("diar", lambda seen: condition(seen, "Ready")["reason"] == wanted, timeout_s=timeout_s)


def true(kind: str) -> Manifest:
    """A condition of a pod that holds since now."""
    return {"type": kind, "status": "True", "lastTransitionTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}


def give_to_a_node(testbed: OperatorTestbed, pod: Manifest) -> None:
    """What a scheduler does once it has chosen one."""
    name = pod["metadata"]["name"]
    binding = {
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": name},
        "target": {"kind": "Node", "name": "n"},
    }
    path = f"/api/v1/namespaces/{testbed.namespace}/pods/{name}/binding"
    testbed.plane.kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(binding))


def told_by_the_kubelet(pod: Manifest, reason: str, message: str) -> Manifest:
    """An Event about a pod."""
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
    """A volume and its claim, tied to each other as the controller would; here is none."""
    volume = f"{namespace}-{name}"
    spec = {"accessModes": ["ReadOnlyMany"], "storageClassName": ""}
    reference = {"kind": "PersistentVolumeClaim", "namespace": namespace, "name": name}
    tied = {"pv.kubernetes.io/bind-completed": "yes"}
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
            "metadata": {"name": name, "namespace": namespace, "annotations": tied},
            "spec": spec | {"resources": {"requests": {"storage": "1Gi"}}, "volumeName": volume},
        },
    ]


def test_no_node_then_no_image_then_a_crash_then_ready_then_gone_again(testbed: OperatorTestbed) -> None:
    testbed.apply(DEMO)
    reason(testbed, "Unschedulable")

    missing = {"waiting": {"reason": "ErrImagePull", "message": "sd-triton-server:1: not found"}}
    testbed.patch_pods(initContainerStatuses=[container("engine", state=missing)])
    seen = reason(testbed, "ImagePullFailed")
    assert condition(seen, "Ready")["message"].endswith("its image sd-triton-server:1: sd-triton-server:1: not found")

    ended = {"exitCode": 1, "reason": "Error", "message": "SD_MODE is 'x'; it must be one of: exact, fast, reference."}
    waits = {"waiting": {"reason": "CrashLoopBackOff"}}
    crashed = container("engine", state=waits, lastState={"terminated": ended}, restartCount=2)
    testbed.patch_pods(initContainerStatuses=[crashed])
    seen = reason(testbed, "ContainerCrashed")
    assert condition(seen, "Ready")["message"].endswith(
        "Its termination message: SD_MODE is 'x'; it must be one of: exact, fast, reference."
    )
    assert condition(seen, "Available")["status"] == "False"

    since = condition(seen, "Ready")["lastTransitionTime"]
    testbed.patch_pods(
        conditions=[{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}],
        initContainerStatuses=[container("engine", state={"running": {}}) | {"ready": True, "started": True}],
    )
    seen = reason(testbed, "Serving")
    assert {each["type"]: each["status"] for each in seen["status"]["conditions"]} == {
        "Ready": "True", "ModelAccess": "True", "ModelCached": "True", "Available": "True", "Progressing": "False",
        "Degraded": "False",
    }  # fmt: skip
    assert seen["status"]["readyReplicas"] == 1
    assert condition(seen, "Ready")["lastTransitionTime"] >= since

    testbed.kubectl("delete", "pods", "--all", "--wait=false")
    seen = reason(testbed, "Unschedulable")
    assert condition(seen, "Available")["status"] == "False"
    assert seen["status"]["lastFailure"]["reason"] == "Unschedulable"

    assert [told for told in testbed.events() if told[1] != "AsExpected"] == [
        ("Warning", "Unschedulable"),
        ("Warning", "ImagePullFailed"),
        ("Warning", "ContainerCrashed"),
        ("Normal", "Serving"),
        ("Warning", "Unschedulable"),
    ]
    assert "Container engine of pod" in testbed.kubectl("describe", "diar", "demo")


def test_a_quota_that_refuses_the_pods_is_quoted_and_its_end_heals_the_service(testbed: OperatorTestbed) -> None:
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none", "namespace": testbed.namespace}}
    testbed.plane.apply(quota | {"spec": {"hard": {"pods": "0"}}})
    testbed.eventually("resourcequota", lambda seen: seen.get("status", {}).get("hard"), "none")
    testbed.apply(DEMO)
    assert "exceeded quota: none" in condition(reason(testbed, "QuotaExceeded"), "Ready")["message"]
    time.sleep(5)  # by now the ReplicaSet's controller waits longer and longer between its tries
    testbed.kubectl("delete", "resourcequota", "none")
    reason(testbed, "Unschedulable")  # the pod exists


def test_a_class_that_does_not_exist_is_named_and_its_arrival_heals_the_service(testbed: OperatorTestbed) -> None:
    testbed.apply(with_demo(compute={"priorityClassName": f"urgent-{testbed.namespace}"}))
    assert "no PriorityClass with name" in condition(reason(testbed, "PodsRejected"), "Ready")["message"]
    urgent = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "value": 1000}
    testbed.plane.apply(urgent | {"metadata": {"name": f"urgent-{testbed.namespace}"}})
    reason(testbed, "Unschedulable")


@pytest.fixture
def tainted_node(plane: ControlPlane) -> Iterator[None]:
    """A node that is well and takes nobody: with none at all, the scheduler does not look at a pod's volumes."""
    metadata = {"name": "tainted"}
    plane.apply({"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": {"taints": [TAINT]}})
    room = {"cpu": "8", "memory": "64Gi", "pods": "110", "ephemeral-storage": "100Gi"}
    well = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "kubelet is posting ready status"}
    status = {"status": {"capacity": room, "allocatable": room, "conditions": [well]}}
    plane.kubectl("patch", "node", "tainted", "--subresource=status", f"--patch={json.dumps(status)}")
    yield
    plane.kubectl("delete", "node", "tainted")


@pytest.mark.usefixtures("tainted_node")
def test_a_claim_that_does_not_exist_is_named_and_its_arrival_heals_the_service(testbed: OperatorTestbed) -> None:
    claim = {"persistentVolumeClaim": {"claimName": "models"}}
    testbed.apply({"model": {"source": claim}})  # the Job that is to look into it finds none
    message = condition(reason(testbed, "VolumePending"), "Ready")["message"]
    assert 'persistentvolumeclaim "models" not found' in message
    testbed.plane.apply(*bound_claim("models", testbed.namespace))
    message = condition(reason(testbed, "Unschedulable"), "Ready")["message"]
    assert "untolerated taint" in message
    assert "persistentvolumeclaim" not in message


def test_a_volume_that_cannot_be_mounted_is_named_within_ten_seconds_until_the_pod_starts(
    testbed: OperatorTestbed,
) -> None:
    testbed.apply(DEMO)
    testbed.wait_until_settled()
    [pod] = testbed.pods()
    give_to_a_node(testbed, pod)
    message = condition(reason(testbed, "Starting"), "Ready")["message"]
    assert message.endswith("the volumes and the network of the pod are set up.")

    time.sleep(6)  # it takes longer than usual; only now somebody says why
    testbed.plane.apply(
        told_by_the_kubelet(pod, "FailedMount", 'MountVolume.SetUp failed for volume "model": no share')
    )
    seen = reason(testbed, "VolumePending", timeout_s=15)  # ten, and what a busy machine adds
    message = f'Pod {pod["metadata"]["name"]}: MountVolume.SetUp failed for volume "model": no share'
    assert (condition(seen, "Ready")["message"], condition(seen, "Degraded")["message"]) == (message, message)
    assert seen["status"]["lastFailure"]["reason"] == "VolumePending"

    testbed.patch_pods(conditions=[true("PodScheduled"), true("PodReadyToStartContainers")])
    message = condition(reason(testbed, "Starting"), "Ready")["message"]
    assert message.endswith("the engine image is pulled.")
    testbed.kubectl("delete", "pods", "--all", "--force", "--grace-period=0")  # there is no kubelet that would end it


def test_a_kind_that_the_cluster_lacks_is_a_condition(testbed: OperatorTestbed) -> None:
    testbed.apply(with_demo(monitoring={"podMonitor": True}, autoscaling={"mode": "keda"}))
    seen = testbed.eventually("diar", lambda seen: condition(seen, "Degraded")["reason"] == "KindMissing")
    assert "The cluster has no PodMonitor" in condition(seen, "Degraded")["message"]
    assert condition(seen, "Autoscaling")["reason"] == "KedaMissing"
    testbed.wait_until_settled()


def test_the_columns_of_kubectl_get_show_the_reason(testbed: OperatorTestbed) -> None:
    testbed.apply(DEMO)
    testbed.wait_until_settled()
    header, line = testbed.kubectl("get", "dsvc").splitlines()
    assert header.split() == ["NAME", "READY", "REASON", "MODEL", "REPLICAS", "AGE"]
    assert line.split()[:5] == ["demo", "False", "Unschedulable", "demo", "1"]
