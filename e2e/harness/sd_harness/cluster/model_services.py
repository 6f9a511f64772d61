"""Services whose model comes from somewhere, and what their status, their Jobs and their callers say."""

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


def from_hub(hub: hub_pod.HubPod, **more: Any) -> dict[str, Any]:
    """The source that the fake hub serves, with the token of the Secret `hub-token`."""
    given = {"pipeline": hub_pod.PIPELINE, "revision": hub_pod.COMMIT, "endpoint": hub.url}
    secret = {"name": "hub-token", "key": "token"}
    return {"huggingFace": {**given, "caBundleRef": hub_pod.CA_BUNDLE, "tokenSecretRef": secret, **more}}


def manifest(name: str, namespace: str, source: dict[str, Any], **spec: Any) -> dict[str, Any]:
    """A service that is small enough for several of them to stand on one node of two cores."""
    small = {
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
        "spec": small | spec,
    }


def put_token(namespace: str, token: str, name: str = "hub-token") -> None:
    """Makes the Secret, or changes what is in it."""
    metadata = {"name": name, "namespace": namespace}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"token": token}}
    cluster.kubectl_with_stdin("apply", "--server-side", "-f", "-", stdin=json.dumps(secret))


@contextmanager
def gone_afterwards(name: str, namespace: str) -> Iterator[None]:
    """Removes the service when the block ends."""
    yield
    cluster.kubectl("delete", "diar", name, "-n", namespace, "--ignore-not-found", "--wait=false")


def condition(name: str, namespace: str, kind: str) -> Condition:
    """A condition of a service; one that says nothing where there is none."""
    return _condition(cluster.read("diar", name, "-n", namespace), kind)


def _condition(seen: dict[str, Any], kind: str) -> Condition:
    conditions = seen.get("status", {}).get("conditions", [])
    return next((each for each in conditions if each["type"] == kind), {"status": "", "reason": "", "message": ""})


def until_reason(name: str, namespace: str, kind: str, reason: str, *, timeout_s: float) -> Condition:
    """The condition once it has that reason."""
    last: list[Condition] = []

    def has_it() -> bool:
        last[:] = [condition(name, namespace, kind)]
        return last[0]["reason"] == reason

    try:
        cluster.wait_until(has_it, timeout_s=timeout_s)
    except AssertionError as error:
        raise AssertionError(f"{name}: no {reason} in {kind} within {timeout_s} s, but {last}") from error
    return last[0]


def reported(name: str, namespace: str) -> Condition:
    """The condition Ready, once the status is about the newest spec; before, one that says nothing."""
    seen = cluster.read("diar", name, "-n", namespace)
    current = seen.get("status", {}).get("observedGeneration") == seen["metadata"]["generation"]
    return _condition(seen if current else {}, "Ready")


def until_ready(name: str, namespace: str, *, timeout_s: float = 150) -> None:
    """Returns once the service's newest spec is ready."""
    try:
        cluster.wait_until(lambda: reported(name, namespace)["status"] == "True", timeout_s=timeout_s, interval_s=1)
    except AssertionError as error:
        raise AssertionError(f"{name}: {condition(name, namespace, 'Ready')}") from error


def pods(name: str, namespace: str) -> list[dict[str, Any]]:
    """The serving pods that are not on their way out."""
    labels = f"app.kubernetes.io/name=sd-triton,app.kubernetes.io/instance={name},app.kubernetes.io/component!=model"
    found = cluster.read("pods", "-n", namespace, "-l", labels)["items"]
    return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]


def pod_names(name: str, namespace: str) -> list[str]:
    """Their names."""
    return [pod["metadata"]["name"] for pod in pods(name, namespace)]


def replace_pods(name: str, namespace: str) -> None:
    """Deletes the serving pods, and returns once none of them is left and others are there."""
    old = pod_names(name, namespace)
    cluster.kubectl("delete", "pod", *old, "-n", namespace, "--wait=true")
    cluster.wait_until(lambda: set(pod_names(name, namespace)) - set(old), timeout_s=60)


def jobs(name: str, namespace: str) -> list[dict[str, Any]]:
    """The Jobs that brought, or are to bring, its model."""
    labels = f"app.kubernetes.io/instance={name},app.kubernetes.io/component=model"
    return cluster.read("jobs", "-n", namespace, "-l", labels)["items"]


def job_pods(name: str, namespace: str) -> list[dict[str, Any]]:
    """Their pods, the oldest first."""
    labels = f"app.kubernetes.io/instance={name},app.kubernetes.io/component=model"
    found = cluster.read("pods", "-n", namespace, "-l", labels)["items"]
    return sorted(found, key=lambda pod: pod["metadata"]["creationTimestamp"])


def at_s(time: str) -> float:
    """A time of the API server as seconds."""
    return datetime.fromisoformat(time).timestamp()


def events(name: str, namespace: str) -> list[dict[str, Any]]:
    """The Events about a service."""
    selector = f"involvedObject.kind=DiarizationService,involvedObject.name={name}"
    return cluster.read("events", "-n", namespace, "--field-selector", selector)["items"]


def found_segments(name: str, namespace: str, recording: bytes) -> list[list[Any]]:
    """The segments that the service finds in a recording, asked from the calling pod."""
    words = ("exec", "-i", "client", "-n", namespace, "--", "sd", "diarize", "-", "--format", "json")
    argv = [kubectl_command.program(), "--kubeconfig", paths.kubeconfig(), *words]
    argv += ["--url", f"http://{name}.{namespace}.svc:8000"]
    done = subprocess.run(argv, input=recording, capture_output=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr.decode()
    return segments(json.loads(done.stdout))


@contextmanager
def hand(claim: str, namespace: str) -> Iterator[str]:
    """A pod that may write into a claim, mounted at /claim; gives its name."""
    name = f"hand-{claim}"
    container = {
        "name": "hand",
        "image": references()["server"],
        "command": ["sleep", "infinity"],
        "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}},
        "securityContext": cluster.RESTRICTED_CONTAINER,
        "volumeMounts": [{"name": "claim", "mountPath": "/claim"}],
    }
    volumes = [{"name": "claim", "persistentVolumeClaim": {"claimName": claim}}]
    short = {"terminationGracePeriodSeconds": 0}  # sleep hears no signal
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace}}
    cluster.apply(pod | {"spec": cluster.RESTRICTED_POD | short | {"containers": [container], "volumes": volumes}})
    cluster.kubectl("wait", f"pod/{name}", "-n", namespace, "--for=condition=Ready", "--timeout=120s")
    yield name
    cluster.kubectl("delete", "pod", name, "-n", namespace, "--wait=true")


def by_hand(pod: str, namespace: str, program: str) -> str:
    """What a Python program prints in such a pod."""
    return cluster.kubectl("exec", pod, "-n", namespace, "--", "/opt/engine/bin/python", "-c", program)
