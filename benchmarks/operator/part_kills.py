"""Convergence after the operator is killed after any single write in the life of a service, and restarted."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sd_harness.control_plane.api_proxy import proxied
from sd_harness.control_plane.model_job_pods import success_message, terminated_status
from sd_harness.control_plane.operator_process import RunningOperator
from sd_harness.control_plane.operator_testbed import condition, diarization_service
from sd_harness.control_plane.processes import eventually
from sd_harness.services.service_specs import WITH_HPA, WITH_KEDA, with_hugging_face
from sd_operator.resources import COMPONENT_LABEL, DIARIZATION_SERVICES, JOBS, MODEL_COMPONENT, PODS, Manifest

from benchmarks.operator.benchmark_cluster import BenchmarkCluster
from benchmarks.record import Row

TIMEOUT_S = 30.0
UPDATE = {
    "spec": {
        "serving": {"adapters": 3},
        "network": {"ingress": {"host": "other.example"}},
        "autoscaling": {"mode": "keda"},
        "replicas": 2,
    }
}
"""A new ConfigMap, a changed child, another autoscaler and more pods."""
WITHOUT_OPTIONS = {"spec": {"network": {"ingress": None}, "autoscaling": None, "monitoring": None}}
MAX_WRITES = 60


@dataclass(slots=True)
class Tally:
    """Kills after a write, and those after which the children were not exactly the desired ones."""

    tried: int = 0
    failed: list[str] = field(default_factory=list[str])
    """Kill point and final state of each failure."""


def measure(cluster: BenchmarkCluster) -> list[Row]:
    """Kill the operator after its first write, its second and so on, while it creates, updates and prunes children."""
    tally = Tally()
    for phase in (_create, _download, _update, _switch_autoscaler, _prune):
        for number in range(1, cluster.sample_size(MAX_WRITES, 3)):
            if not phase(cluster, number, tally):
                break
    detail = (
        "SIGKILL after each write of creation, model download, update and pruning of a service with every child; "
        "then a restart"
    )
    return [
        Row("kill_points_tried", tally.tried, "kills", ">= 30", detail),
        Row(
            "kill_points_failed",
            len(tally.failed),
            "kills",
            "<= 0",
            "; ".join([f"not exactly the desired children, field by field, within {TIMEOUT_S:g} s", *tally.failed]),
        ),
    ]


@contextmanager
def _killed_after(cluster: BenchmarkCluster, number: int) -> Iterator[RunningOperator]:
    """Run an operator that is killed when its n-th write has completed."""
    with proxied(cluster.plane) as proxy, cluster.operator(proxy=proxy) as operator:
        process_id = operator.process.pid

        def kill(count: int) -> None:
            if count == number:
                os.kill(process_id, signal.SIGKILL)

        proxy.call_after_writes(kill)
        yield operator


def _create(cluster: BenchmarkCluster, number: int, tally: Tally) -> bool:
    namespace = cluster.namespace(f"kill-create-{number}")
    with _killed_after(cluster, number) as operator:
        cluster.api.create(_service(namespace))
        killed = _was_killed(operator, lambda: _is_settled(cluster, namespace))
    _check_convergence(cluster, namespace, tally, killed=killed)
    return killed


def _download(cluster: BenchmarkCluster, number: int, tally: Tally) -> bool:
    """A model is downloaded by a Job that succeeds immediately."""
    namespace = cluster.namespace(f"kill-download-{number}")

    def is_served() -> bool:
        [service] = cluster.services(namespace)
        return "model" in service.get("status", {}) and _is_settled(cluster, namespace)

    with _jobs_succeed(cluster, namespace):
        with _killed_after(cluster, number) as operator:
            cluster.api.create(_service(namespace, WITH_HPA | with_hugging_face()))
            killed = _was_killed(operator, is_served)
        if killed:
            with _restarted(cluster, namespace, tally):
                eventually(is_served, "the model is served", TIMEOUT_S)
                assert len(cluster.api.list(JOBS, namespace)) == 1, "more than one Job"
    return killed


@contextmanager
def _jobs_succeed(cluster: BenchmarkCluster, namespace: str) -> Iterator[None]:
    """Simulate the kubelet until the block ends: terminate the pods of model Jobs successfully."""
    stop = threading.Event()

    def terminate_pods() -> None:
        while not stop.wait(0.1):
            for pod in cluster.api.list(PODS, namespace):
                if (
                    pod["metadata"]["labels"].get(COMPONENT_LABEL) == MODEL_COMPONENT
                    and pod["status"]["phase"] == "Pending"
                ):
                    cluster.plane.patch_status(
                        "pod", pod["metadata"]["name"], namespace, terminated_status(success_message())
                    )

    kubelet = threading.Thread(target=terminate_pods)
    kubelet.start()
    try:
        yield
    finally:
        stop.set()
        kubelet.join()


def _update(cluster: BenchmarkCluster, number: int, tally: Tally) -> bool:
    return _change(cluster, f"kill-update-{number}", UPDATE, number, tally)


def _switch_autoscaler(cluster: BenchmarkCluster, number: int, tally: Tally) -> bool:
    """Replace the ScaledObject by a HorizontalPodAutoscaler, which is created only after the former is deleted."""
    patch = {"spec": {"autoscaling": {"mode": "hpa"}, "serving": {"adapters": 3}}}
    return _change(cluster, f"kill-switch-autoscaler-{number}", patch, number, tally, spec=WITH_KEDA)


def _prune(cluster: BenchmarkCluster, number: int, tally: Tally) -> bool:
    """Prune the children that the spec no longer needs; the deletion of a service itself needs no writes."""
    namespace = f"kill-prune-{number}"
    killed = _change(cluster, namespace, WITHOUT_OPTIONS, number, tally)
    with cluster.operator():
        cluster.delete_services(namespace)
    return killed


def _change(
    cluster: BenchmarkCluster, name: str, patch: Manifest, number: int, tally: Tally, *, spec: Manifest = WITH_HPA
) -> bool:
    """Change the spec of a settled service in a new namespace; return True if the operator was killed."""
    namespace = cluster.namespace(name)
    with cluster.operator():
        cluster.api.create(_service(namespace, spec))
        cluster.wait_until_settled(namespace)
    with _killed_after(cluster, number) as operator:
        cluster.api.patch(DIARIZATION_SERVICES, namespace, "demo", patch)
        killed = _was_killed(operator, lambda: _is_settled(cluster, namespace))
    _check_convergence(cluster, namespace, tally, killed=killed)
    return killed


def _service(namespace: str, spec: Manifest = WITH_HPA) -> Manifest:
    return diarization_service(spec, {"name": "demo", "namespace": namespace})


def _is_settled(cluster: BenchmarkCluster, namespace: str) -> bool:
    return cluster.is_settled(namespace) and cluster.has_desired_children(namespace)


def _was_killed(operator: RunningOperator, is_settled: Callable[[], bool]) -> bool:
    """Wait for the kill or for convergence; return True for the kill."""
    eventually(lambda: operator.process.poll() is not None or is_settled(), "a kill or convergence", 60)
    return operator.process.poll() is not None


def _check_convergence(cluster: BenchmarkCluster, namespace: str, tally: Tally, *, killed: bool) -> None:
    if killed:
        with _restarted(cluster, namespace, tally):
            cluster.wait_until_settled(namespace, timeout_s=TIMEOUT_S)


@contextmanager
def _restarted(cluster: BenchmarkCluster, namespace: str, tally: Tally) -> Iterator[None]:
    """Run the operator after a kill; record an AssertionError of the block with the final state."""
    tally.tried += 1
    with cluster.operator() as operator:
        try:
            yield
        except AssertionError as error:
            conditions = [condition(service, "Ready") for service in cluster.services(namespace)]
            log = operator.log.read_text()[-1000:]
            tally.failed.append(f"{namespace}: {error}, {conditions}, log: {log}")
