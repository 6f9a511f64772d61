"""Scan of a cluster for a secret: objects, logs, processes, metrics, the Helm release, files of the node, images."""

import base64
import subprocess
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from sd_kit import paths
from sd_kit.cluster import helm_release
from sd_kit.cluster.lifecycle import NODE
from sd_kit.errors import KitError
from sd_kit.images import docker
from sd_kit.offline import go_build

from sd_harness.cluster import cluster

Source = tuple[str, str]
"""The name of a source, and its content."""
_METRICS_PORTS = (8002, 8003)
"""The ports of a serving pod that serve metrics."""
_OPERATOR_METRICS_PORT = 8080
_NODE_FOLDERS = ("/var/log", "/var/lib/kubelet/pods", "/var/local-path-provisioner")
"""Logs, mounted volumes and claims."""
_PROCESSES = "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n'"


def scan(secret: str, namespace: str) -> list[str]:
    """Return the names of all sources outside of Secrets that contain the secret."""
    groups = (_objects(namespace), _logs(namespace), _processes(namespace), _metrics(namespace), _helm_release())
    return [source for group in groups for source in sources_with(secret, group)] + _node_files(secret)


def sources_with(secret: str, sources: Iterable[Source]) -> list[str]:
    """Return the names of the sources that contain the secret, in plain text or base64."""
    return [name for name, content in sources if any(text in content for text in encodings(secret))]


def encodings(secret: str) -> list[str]:
    """Return the secret in plain text, and in base64 at each of its three possible offsets."""
    encoded = [base64.b64encode(b"?" * offset + secret.encode()).decode() for offset in range(3)]
    # The first and last base64 characters also depend on the adjacent bytes.
    return [secret, *(text[(0, 2, 3)[offset] : -4] for offset, text in enumerate(encoded))]


def secret_objects(namespace: str) -> Iterator[Source]:
    """Yield the Secrets, in which the secret is expected: they show that the scan can find it."""
    yield "secrets", cluster.kubectl("get", "secrets", "-n", namespace, "-o", "yaml")


def processes(pod: str, container: str, namespace: str) -> str:
    """Return the environment and arguments of all processes of a container."""
    return cluster.kubectl("exec", pod, "-n", namespace, "-c", container, "--", "sh", "-c", _PROCESSES)


def _objects(namespace: str) -> Iterator[Source]:
    all_kinds = cluster.kubectl("api-resources", "--namespaced", "--verbs=list", "-o", "name").split()
    kinds = ",".join(kind for kind in all_kinds if kind != "secrets")
    options = ("-o", "yaml", "--show-managed-fields")
    for scanned in (namespace, helm_release.NAMESPACE):
        objects = cluster.kubectl("get", kinds, "-n", scanned, *options, "--ignore-not-found")
        yield f"objects of {scanned}", objects
    yield "volumes", cluster.kubectl("get", "persistentvolumes,volumeattachments", *options)


def _containers(namespace: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (namespace, pod, container status) for the service's and the operator's namespace."""
    for scanned in (namespace, helm_release.NAMESPACE):
        for pod in cluster.read("pods", "-n", scanned)["items"]:
            status = pod["status"]
            for container in [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]:
                yield scanned, pod["metadata"]["name"], container


def _logs(namespace: str) -> Iterator[Source]:
    for scanned, pod, container in _containers(namespace):
        if "waiting" not in container["state"] or container["restartCount"]:
            yield from _log(pod, container["name"], scanned, previous=container["restartCount"] > 0)


def _log(pod: str, container: str, namespace: str, *, previous: bool) -> Iterator[Source]:
    for more in ((), ("--previous",)) if previous else ((),):
        read = partial(cluster.kubectl, "logs", pod, "-n", namespace, "-c", container, *more)
        yield from _read_from_pod(pod, namespace, f"log of {pod}/{container}", read)


def _read_from_pod(pod: str, namespace: str, name: str, read: Callable[[], str]) -> Iterator[Source]:
    """Yield the source; nothing if the pod has ended since the pods were listed."""
    try:
        yield name, read()
    except KitError:
        phase = ("-o", "jsonpath={.status.phase}{.metadata.deletionTimestamp}")
        if cluster.kubectl("get", "pod", pod, "-n", namespace, "--ignore-not-found", *phase) in ("Pending", "Running"):
            raise


def _processes(namespace: str) -> Iterator[Source]:
    for scanned, pod, container in _containers(namespace):
        if "running" in container["state"]:
            read = partial(processes, pod, container["name"], scanned)
            yield from _read_from_pod(pod, scanned, f"processes of {pod}/{container['name']}", read)


def _metrics(namespace: str) -> Iterator[Source]:
    labels = "app.kubernetes.io/name=sd-triton,app.kubernetes.io/component=server"
    for pod in cluster.read("pods", "-n", namespace, "-l", labels)["items"]:
        for port in _METRICS_PORTS if cluster.is_ready(pod) else ():
            yield from _metrics_page(namespace, pod["metadata"]["name"], port)
    for pod in cluster.read("pods", "-n", helm_release.NAMESPACE)["items"]:
        yield from _metrics_page(helm_release.NAMESPACE, pod["metadata"]["name"], _OPERATOR_METRICS_PORT)


def _metrics_page(namespace: str, pod: str, port: int) -> Iterator[Source]:
    path = f"/api/v1/namespaces/{namespace}/pods/{pod}:{port}/proxy/metrics"
    read = partial(cluster.kubectl, "get", "--raw", path)
    yield from _read_from_pod(pod, namespace, f"metrics of {pod}:{port}", read)


def _helm_release() -> Iterator[Source]:
    argv = [go_build.binary("helm"), "get", "all", helm_release.RELEASE, "-n", helm_release.NAMESPACE]
    argv += ["--kubeconfig", paths.kubeconfig()]
    yield "helm release", subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def _node_files(secret: str) -> list[str]:
    """Return the files of the node that contain the secret: logs of deleted pods, volumes, and the journal."""
    patterns = " ".join(f"-e '{text}'" for text in encodings(secret))
    # The volume of a Secret may contain the token.
    files = f"grep -rlF --exclude-dir='kubernetes.io~secret' -D skip {patterns} {' '.join(_NODE_FOLDERS)} 2>/dev/null"
    journal = f"journalctl --no-pager 2>/dev/null | grep -F -m 1 {patterns} && echo journal"
    argv = [docker.client(), "exec", NODE, "sh", "-c", f"{files}; {journal}"]
    return subprocess.run(argv, check=False, capture_output=True, text=True).stdout.splitlines()


def image_metadata(reference: str) -> Iterator[Source]:
    """Yield the history and the configuration of an image."""
    for arguments in (("history", "--no-trunc", reference), ("image", "inspect", reference)):
        argv = [docker.client(), *arguments]
        yield f"{arguments[0]} of {reference}", subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def image_layers_with(secret: str, reference: str) -> list[str]:
    """Return the name of the image's layers if they contain the secret, otherwise nothing."""
    patterns = " ".join(f"-e '{text}'" for text in encodings(secret))
    script = f"{docker.client()} save {reference} | grep -qaF {patterns}"
    is_found = subprocess.run(["bash", "-c", script], check=False).returncode == 0
    return [f"layers of {reference}"] if is_found else []
