"""A GPU is asked for on the engine's container alone, and a node without a free one is named by the scheduler.

The node only says that it has GPUs: scheduling is shown here, not CUDA.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sd_harness.cluster import cluster

GPUS = "/status/capacity/nvidia.com~1gpu"
NAME = "gpu"


@pytest.fixture
def node_with_a_gpu(namespace: str) -> Iterator[str]:
    """The namespace of a service for which one GPU exists in the cluster."""
    [node] = [item["metadata"]["name"] for item in cluster.read("nodes")["items"]]
    _patch(node, {"op": "add", "path": GPUS, "value": "1"})
    cluster.wait_until(lambda: _allocatable(node) == "1", timeout_s=60)
    yield namespace
    cluster.kubectl("delete", "diar", NAME, "-n", namespace, "--ignore-not-found", "--wait=true")
    _patch(node, {"op": "remove", "path": GPUS})


def _patch(node: str, change: dict[str, str]) -> None:
    cluster.kubectl("patch", "node", node, "--subresource=status", "--type=json", "-p", json.dumps([change]))


def _allocatable(node: str) -> str:
    return cluster.read("node", node)["status"]["allocatable"].get("nvidia.com/gpu", "0")


def test_one_pod_gets_the_gpu_and_the_next_is_told_that_none_is_left(node_with_a_gpu: str) -> None:
    namespace = node_with_a_gpu
    cluster.apply(_service(namespace, replicas=2))
    assert "Insufficient nvidia.com/gpu" in cluster.wait_until(lambda: _message(namespace), timeout_s=60)
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
    conditions = pod["status"].get("conditions", [])
    return next((each["status"] for each in conditions if each["type"] == "PodScheduled"), "")


def _message(namespace: str) -> str:
    """The sentence of whichever condition speaks of the scheduler."""
    conditions = cluster.read("diar", NAME, "-n", namespace).get("status", {}).get("conditions", [])
    return next((each["message"] for each in conditions if "Insufficient" in each["message"]), "")
