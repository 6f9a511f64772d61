"""Only the engine's container requests a GPU, and a pod without a free GPU is reported in the status.

The node only advertises GPUs: this tests scheduling, not CUDA.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sd_harness.cluster import cluster

GPU_CAPACITY = "/status/capacity/nvidia.com~1gpu"
NAME = "gpu"


@pytest.fixture
def node_with_one_gpu(namespace: str) -> Iterator[None]:
    """A cluster whose node advertises one GPU; the test's service is deleted afterwards."""
    [node] = [item["metadata"]["name"] for item in cluster.read("nodes")["items"]]
    _patch_node_status(node, {"op": "add", "path": GPU_CAPACITY, "value": "1"})
    cluster.wait_until(lambda: _allocatable_gpus(node) == "1", timeout_s=60)
    yield
    cluster.kubectl("delete", "diar", NAME, "-n", namespace, "--ignore-not-found", "--wait=true")
    _patch_node_status(node, {"op": "remove", "path": GPU_CAPACITY})


def _patch_node_status(node: str, operation: dict[str, str]) -> None:
    cluster.kubectl("patch", "node", node, "--subresource=status", "--type=json", "-p", json.dumps([operation]))


def _allocatable_gpus(node: str) -> str:
    return cluster.read("node", node)["status"]["allocatable"].get("nvidia.com/gpu", "0")


@pytest.mark.usefixtures("node_with_one_gpu")
def test_the_first_pod_gets_the_gpu_and_the_status_reports_that_none_is_left(namespace: str) -> None:
    cluster.apply(_service(namespace, replicas=2))
    assert "Insufficient nvidia.com/gpu" in cluster.wait_until(lambda: _scheduling_message(namespace), timeout_s=60)
    cluster.wait_until(lambda: sorted(map(_scheduled, _pods(namespace))) == ["False", "True"], timeout_s=60)
    for pod in _pods(namespace):
        [engine], [triton] = pod["spec"]["initContainers"], pod["spec"]["containers"]
        assert engine["resources"]["limits"]["nvidia.com/gpu"] == "1"
        assert "limits" not in triton["resources"]


def _service(namespace: str, replicas: int) -> dict[str, Any]:
    return {
        "apiVersion": "sd-triton.dev/v1alpha1",
        "kind": "DiarizationService",
        "metadata": {"name": NAME, "namespace": namespace},
        "spec": {"model": {"source": {"demo": {}}}, "compute": {"accelerator": "gpu"}, "replicas": replicas},
    }


def _pods(namespace: str) -> list[dict[str, Any]]:
    return cluster.read("pods", "-n", namespace, "-l", f"app.kubernetes.io/instance={NAME}")["items"]


def _scheduled(pod: dict[str, Any]) -> str:
    """Return the status of the condition PodScheduled; empty if there is none."""
    conditions = pod["status"].get("conditions", [])
    return next((each["status"] for each in conditions if each["type"] == "PodScheduled"), "")


def _scheduling_message(namespace: str) -> str:
    """Return the message of the condition that quotes the scheduler; empty if there is none."""
    conditions = cluster.read("diar", NAME, "-n", namespace).get("status", {}).get("conditions", [])
    return next((each["message"] for each in conditions if "Insufficient" in each["message"]), "")
