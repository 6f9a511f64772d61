"""Searches all that a cluster shows for a word that nobody may see: logs, objects, environments, pages, files."""

import base64
import subprocess
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from sd_kit import paths
from sd_kit.cluster import helm_release
from sd_kit.cluster.lifecycle import NODE
from sd_kit.errors import KitError
from sd_kit.images import docker
from sd_kit.offline import go_build

from sd_harness.cluster import cluster

Found = tuple[str, str]
"""A place, and what is to be read there."""
_METRICS = (8002, 8003)
"""The ports of a serving pod with a page of metrics."""
_ON_THE_NODE = ("/var/log", "/var/lib/kubelet/pods", "/var/local-path-provisioner")
"""Logs, what pods have mounted, claims."""
_PROCESSES = "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n'"


def hits(word: str, namespace: str) -> list[str]:
    """The places outside of Secrets in which the word stands."""
    everything = (_objects(namespace), _logs(namespace), _processes(namespace), _metrics(namespace), _release())
    return [place for each in everything for place in holding(word, each)] + _files_of_the_node(word)


def holding(word: str, read: Iterable[Found]) -> list[str]:
    """The places whose text holds the word, plain or in base64."""
    return [place for place, text in read if any(form in text for form in forms(word))]


def forms(word: str) -> list[str]:
    """The word as it is, and as it looks in base64 behind one, two or three other characters."""
    longest = [base64.b64encode(b"?" * before + word.encode()).decode() for before in range(3)]
    # The first and the last of its characters depend on what stands beside it.
    return [word, *(text[(0, 2, 3)[before] : -4] for before, text in enumerate(longest))]


def secrets(namespace: str) -> Iterator[Found]:
    """Where it is expected: so that a search which finds nothing is known to be able to find."""
    yield "secrets", cluster.kubectl("get", "secrets", "-n", namespace, "-o", "yaml")


def processes(pod: str, container: str, namespace: str) -> str:
    """Environments and arguments of all that runs in a container."""
    return cluster.kubectl("exec", pod, "-n", namespace, "-c", container, "--", "sh", "-c", _PROCESSES)


def _objects(namespace: str) -> Iterator[Found]:
    kinds = cluster.kubectl("api-resources", "--namespaced", "--verbs=list", "-o", "name").split()
    shown = ",".join(kind for kind in kinds if kind != "secrets")
    for where in (namespace, helm_release.NAMESPACE):
        yield (
            f"objects of {where}",
            cluster.kubectl("get", shown, "-n", where, "-o", "yaml", "--show-managed-fields", "--ignore-not-found"),
        )
    yield (
        "volumes",
        cluster.kubectl("get", "persistentvolumes,volumeattachments", "-o", "yaml", "--show-managed-fields"),
    )


def _logs(namespace: str) -> Iterator[Found]:
    for where in (namespace, helm_release.NAMESPACE):
        for pod in cluster.read("pods", "-n", where)["items"]:
            name, status = pod["metadata"]["name"], pod["status"]
            for each in [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]:
                if "waiting" not in each["state"] or each["restartCount"]:
                    yield from _log(name, each["name"], where, previous=each["restartCount"] > 0)


def _log(pod: str, container: str, namespace: str, *, previous: bool) -> Iterator[Found]:
    for more in ((), ("--previous",)) if previous else ((),):
        read = partial(cluster.kubectl, "logs", pod, "-n", namespace, "-c", container, *more)
        yield from _while_it_lives(pod, namespace, f"log of {pod}/{container}", read)


def _while_it_lives(pod: str, namespace: str, place: str, read: Callable[[], str]) -> Iterator[Found]:
    """What is read of a pod; nothing of one that has ended since the pods were listed."""
    try:
        yield place, read()
    except KitError:
        phase = ("-o", "jsonpath={.status.phase}{.metadata.deletionTimestamp}")
        if cluster.kubectl("get", "pod", pod, "-n", namespace, "--ignore-not-found", *phase) in ("Pending", "Running"):
            raise


def _processes(namespace: str) -> Iterator[Found]:
    for where in (namespace, helm_release.NAMESPACE):
        for pod in cluster.read("pods", "-n", where)["items"]:
            status = pod["status"]
            for each in [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]:
                if "running" in each["state"]:
                    name = pod["metadata"]["name"]
                    yield from _while_it_lives(
                        name,
                        where,
                        f"processes of {name}/{each['name']}",
                        partial(processes, name, each["name"], where),
                    )


def _metrics(namespace: str) -> Iterator[Found]:
    labels = "app.kubernetes.io/name=sd-triton,app.kubernetes.io/component=server"
    for pod in cluster.read("pods", "-n", namespace, "-l", labels)["items"]:
        for port in _METRICS if cluster.is_ready(pod) else ():
            yield from _page(namespace, pod["metadata"]["name"], port)
    for pod in cluster.read("pods", "-n", helm_release.NAMESPACE)["items"]:
        yield from _page(helm_release.NAMESPACE, pod["metadata"]["name"], 8080)


def _page(namespace: str, pod: str, port: int) -> Iterator[Found]:
    path = f"/api/v1/namespaces/{namespace}/pods/{pod}:{port}/proxy/metrics"
    read = partial(cluster.kubectl, "get", "--raw", path)
    yield from _while_it_lives(pod, namespace, f"metrics of {pod}:{port}", read)


def _release() -> Iterator[Found]:
    argv = [go_build.binary("helm"), "get", "all", helm_release.RELEASE, "-n", helm_release.NAMESPACE]
    argv += ["--kubeconfig", paths.kubeconfig()]
    yield "helm release", subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def _files_of_the_node(word: str) -> list[str]:
    """Logs of pods that have gone, their last words, their volumes, what kubelet and containerd write down."""
    patterns = " ".join(f"-e '{form}'" for form in forms(word))
    # A Secret's volume is where the token is meant to be.
    files = f"grep -rlF --exclude-dir='kubernetes.io~secret' -D skip {patterns} {' '.join(_ON_THE_NODE)} 2>/dev/null"
    journal = f"journalctl --no-pager 2>/dev/null | grep -F -m 1 {patterns} && echo journal"
    argv = [docker.client(), "exec", NODE, "sh", "-c", f"{files}; {journal}"]
    return subprocess.run(argv, check=False, capture_output=True, text=True).stdout.splitlines()


def image(reference: str) -> Iterator[Found]:
    """What docker tells of an image's making."""
    for words in (("history", "--no-trunc", reference), ("image", "inspect", reference)):
        argv = [docker.client(), *words]
        yield f"{words[0]} of {reference}", subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def in_layers(word: str, reference: str) -> list[str]:
    """The image itself, if its layers, unpacked or not, hold the word."""
    patterns = " ".join(f"-e '{form}'" for form in forms(word))
    script = f"{docker.client()} save {reference} | grep -qaF {patterns}"
    found = subprocess.run(["bash", "-c", script], check=False).returncode == 0
    return [f"layers of {reference}"] if found else []
