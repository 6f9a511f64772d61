"""The demo service of the end-to-end tests, in the namespace default, and its pods."""

from typing import Any

from sd_kit.cluster import diarization_service

from sd_harness.cluster import cluster, inference_client

SELECTOR = "app.kubernetes.io/name=sd-triton,app.kubernetes.io/instance=demo"


def pods() -> list[dict[str, Any]]:
    """Return the demo's pods that are not being deleted."""
    items = cluster.read("pods", "-l", SELECTOR)["items"]
    return [pod for pod in items if "deletionTimestamp" not in pod["metadata"]]


def new_pod() -> dict[str, Any]:
    """Replace the demo's pods by one whose containers were never restarted, and return it.

    On a busy machine, Triton 24.10 sometimes aborts while it starts (boost::interprocess::lock_exception, as in
    triton-inference-server/server#5949). Such a pod recovers, but its restart count is not 0.
    """
    for _ in range(3):
        pod = _replace_pods()
        if not any(cluster.restart_counts(pod["metadata"]["name"]).values()):
            return pod
    raise AssertionError("In three new pods in a row, a container was restarted during its start.")


def has_triton_aborted(pod: str) -> bool:
    """Return True if Triton's previous container in this pod ended with that abort."""
    return "lock_exception" in cluster.kubectl("logs", pod, "-c", "triton", "--previous")


def _replace_pods() -> dict[str, Any]:
    old = {pod["metadata"]["uid"] for pod in pods()}
    cluster.kubectl("delete", "pod", "-l", SELECTOR, "--wait=true")
    cluster.wait_until(
        lambda: [pod for pod in pods() if pod["metadata"]["uid"] not in old and cluster.is_ready(pod)], timeout_s=180
    )
    diarization_service.wait_until_ready("demo")
    wait_until_it_answers()
    (pod,) = pods()
    return pod


def wait_until_it_answers() -> None:
    """Wait until the node's ports lead to a ready pod, which takes a moment after the pod is ready."""
    urls = (
        f"{inference_client.URL}/v2/health/ready",
        inference_client.TRITON_METRICS_URL,
        inference_client.ENGINE_METRICS_URL,
    )
    cluster.wait_until(lambda: all(inference_client.http_status(url) == 200 for url in urls), timeout_s=120)
