"""Services with a model from a hub, a claim or an image: their manifests, status, pods, model Jobs and timelines."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sd_kit import paths
from sd_kit.cluster import kubectl as kubectl_command
from sd_kit.images.build import references

from sd_harness.cluster import cluster, hub_pod
from sd_harness.cluster.oracle import segments

Condition = dict[str, Any]


def hub_source(hub: hub_pod.HubPod, **more: Any) -> dict[str, Any]:
    """Return the source of the fake hub's pipeline, with the token of the Secret `hub-token`."""
    pipeline = {"pipeline": hub_pod.PIPELINE, "revision": hub_pod.COMMIT, "endpoint": hub.url}
    secret = {"name": "hub-token", "key": "token"}
    return {"huggingFace": {**pipeline, "caBundleRef": hub_pod.CA_BUNDLE, "tokenSecretRef": secret, **more}}


def manifest(name: str, namespace: str, source: dict[str, Any], **spec: Any) -> dict[str, Any]:
    """Return a service so small that several of them fit on one node of two cores."""
    small_spec = {
        "model": {"source": source, "mode": "exact"},
        "compute": {"accelerator": "cpu", "resources": {"requests": {"cpu": "50m", "memory": "1Gi"}}},
        "serving": {"adapters": 1, "maxBatchSize": 1, "preferredBatchSizes": [1], "maxRequestBytes": "4Mi"},
        "images": {"triton": references()["server"]},
        "replicas": 1,
    }
    return {
        "apiVersion": "sd-triton.dev/v1alpha1",
        "kind": "DiarizationService",
        "metadata": {"name": name, "namespace": namespace},
        "spec": small_spec | spec,
    }


def apply_token_secret(namespace: str, token: str, name: str = "hub-token") -> None:
    """Create or change the Secret with the access token."""
    metadata = {"name": name, "namespace": namespace}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"token": token}}
    cluster.kubectl_with_stdin("apply", "--server-side", "-f", "-", stdin=json.dumps(secret))


@contextmanager
def deleted_afterwards(name: str, namespace: str) -> Iterator[None]:
    """Delete the service at the end of the block."""
    yield
    cluster.kubectl("delete", "diar", name, "-n", namespace, "--ignore-not-found", "--wait=false")


def condition(name: str, namespace: str, kind: str) -> Condition:
    """Return a condition of a service; its fields are empty if the service has no such condition."""
    return _condition(cluster.read("diar", name, "-n", namespace), kind)


def _condition(service: dict[str, Any], kind: str) -> Condition:
    conditions = service.get("status", {}).get("conditions", [])
    return next((c for c in conditions if c["type"] == kind), {"status": "", "reason": "", "message": ""})


def wait_for_reason(name: str, namespace: str, kind: str, reason: str, *, timeout_s: float) -> Condition:
    """Wait until the condition has the reason; return the condition."""
    last: list[Condition] = []

    def has_reason() -> bool:
        last[:] = [condition(name, namespace, kind)]
        return last[0]["reason"] == reason

    try:
        cluster.wait_until(has_reason, timeout_s=timeout_s)
    except AssertionError as error:
        raise AssertionError(
            f"{name}: {kind} has not had the reason {reason} within {timeout_s} s, but {last}"
        ) from error
    return last[0]


def current_ready_condition(name: str, namespace: str) -> Condition:
    """Return the condition Ready if the status is of the latest generation; otherwise its fields are empty."""
    service = cluster.read("diar", name, "-n", namespace)
    is_current = service.get("status", {}).get("observedGeneration") == service["metadata"]["generation"]
    return _condition(service if is_current else {}, "Ready")


def wait_until_ready(name: str, namespace: str, *, timeout_s: float = 150) -> None:
    """Wait until the latest generation of the service is ready."""
    try:
        cluster.wait_until(
            lambda: current_ready_condition(name, namespace)["status"] == "True", timeout_s=timeout_s, interval_s=1
        )
    except AssertionError as error:
        raise AssertionError(f"{name}: {condition(name, namespace, 'Ready')}") from error


def serving_pods(name: str, namespace: str) -> list[dict[str, Any]]:
    """Return the serving pods that are not being deleted."""
    labels = f"app.kubernetes.io/name=sd-triton,app.kubernetes.io/instance={name},app.kubernetes.io/component!=model"
    items = cluster.read("pods", "-n", namespace, "-l", labels)["items"]
    return [pod for pod in items if "deletionTimestamp" not in pod["metadata"]]


def serving_pod_names(name: str, namespace: str) -> list[str]:
    """Return the names of the serving pods."""
    return [pod["metadata"]["name"] for pod in serving_pods(name, namespace)]


def replace_pods(name: str, namespace: str) -> None:
    """Delete the serving pods; wait until they are gone and new ones exist."""
    old = serving_pod_names(name, namespace)
    cluster.kubectl("delete", "pod", *old, "-n", namespace, "--wait=true")
    cluster.wait_until(lambda: set(serving_pod_names(name, namespace)) - set(old), timeout_s=60)


def model_jobs(name: str, namespace: str) -> list[dict[str, Any]]:
    """Return the model Jobs of a service."""
    labels = f"app.kubernetes.io/instance={name},app.kubernetes.io/component=model"
    return cluster.read("jobs", "-n", namespace, "-l", labels)["items"]


def job_pods(name: str, namespace: str) -> list[dict[str, Any]]:
    """Return the pods of the model Jobs, the oldest first."""
    labels = f"app.kubernetes.io/instance={name},app.kubernetes.io/component=model"
    items = cluster.read("pods", "-n", namespace, "-l", labels)["items"]
    return sorted(items, key=lambda pod: pod["metadata"]["creationTimestamp"])


def timestamp_s(timestamp: str) -> float:
    """Return a timestamp of the API server in seconds."""
    return datetime.fromisoformat(timestamp).timestamp()


def events(name: str, namespace: str) -> list[dict[str, Any]]:
    """Return the Events of a service."""
    selector = f"involvedObject.kind=DiarizationService,involvedObject.name={name}"
    return cluster.read("events", "-n", namespace, "--field-selector", selector)["items"]


def diarized_segments(name: str, namespace: str, recording: bytes) -> list[list[Any]]:
    """Return the segments of a recording's timeline, requested from the client pod."""
    arguments = ("exec", "-i", "client", "-n", namespace, "--", "sd", "diarize", "-", "--format", "json")
    argv = [kubectl_command.program(), "--kubeconfig", paths.kubeconfig(), *arguments]
    argv += ["--url", f"http://{name}.{namespace}.svc:8000"]
    completed = subprocess.run(argv, input=recording, capture_output=True, check=False, timeout=240)
    assert completed.returncode == 0, completed.stderr.decode()
    return segments(json.loads(completed.stdout))


@contextmanager
def writer_pod(claim: str, namespace: str) -> Iterator[str]:
    """Run a pod that can write to a claim, mounted at /claim; yield its name."""
    name = f"writer-{claim}"
    container = {
        "name": "writer",
        "image": references()["server"],
        "command": ["sleep", "infinity"],
        "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}},
        "securityContext": cluster.RESTRICTED_CONTAINER,
        "volumeMounts": [{"name": "claim", "mountPath": "/claim"}],
    }
    volumes = [{"name": "claim", "persistentVolumeClaim": {"claimName": claim}}]
    grace_period = {"terminationGracePeriodSeconds": 0}  # sleep ignores SIGTERM
    containers_and_volumes = {"containers": [container], "volumes": volumes}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace}}
    cluster.apply(pod | {"spec": cluster.RESTRICTED_POD | grace_period | containers_and_volumes})
    cluster.kubectl("wait", f"pod/{name}", "-n", namespace, "--for=condition=Ready", "--timeout=120s")
    yield name
    cluster.kubectl("delete", "pod", name, "-n", namespace, "--wait=true")


def run_python(pod: str, namespace: str, program: str) -> str:
    """Return the stdout of a Python program in a writer pod."""
    return cluster.kubectl("exec", pod, "-n", namespace, "--", "/opt/engine/bin/python", "-c", program)
