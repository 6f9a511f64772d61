"""The operator is killed after every single write of a service's life and started again: does it always converge?"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sd_harness.control_plane.api_proxy import ApiProxy, proxied
from sd_harness.control_plane.model_job_pods import success_message, terminated_status
from sd_harness.control_plane.operator_process import RunningOperator
from sd_harness.control_plane.operator_testbed import condition, diarization_service
from sd_harness.control_plane.processes import eventually
from sd_harness.services.service_specs import WITH_HPA, WITH_KEDA, with_hugging_face
from sd_operator.resources import COMPONENT_LABEL, DIARIZATION_SERVICES, JOBS, MODEL_COMPONENT, PODS, Manifest

from benchmarks.operator.benchmark_cluster import BenchmarkCluster
from benchmarks.record import Row

WITHIN_S = 30.0
UPDATE = {
    "spec": {
        "serving": {"adapters": 3},
        "network": {"ingress": {"host": "other.example"}},
        "autoscaling": {"mode": "keda"},
        "replicas": 2,
    }
}
"""Settings of another name, a changed child, one autoscaler for another, and more pods."""
FEWER = {"spec": {"network": {"ingress": None}, "autoscaling": None, "monitoring": None}}
MOST_WRITES = 60


@dataclass(slots=True)
class Tally:
    """Kills that hit a write, and those after which something was missing, double or left over."""

    tried: int = 0
    failed: list[str] = field(default_factory=list[str])
    """Which kill, and what was seen in the end."""


def measure(cluster: BenchmarkCluster) -> list[Row]:
    """Create, supply, update, delete: for each the operator is killed after its first write, its second, and so on."""
    tally = Tally()
    for phase in (_create, _supply, _update, _switch, _delete):
        for number in range(1, cluster.sample_size(MOST_WRITES, 3)):
            if not phase(cluster, number, tally):
                break
    detail = (
        "SIGKILL after each write of create, supply with a model, update and delete of a service with every child; "
        "then started again"
    )
    return [
        Row("kill_points_tried", tally.tried, "kills", ">= 30", detail),
        Row(
            "kill_points_failed",
            len(tally.failed),
            "kills",
            "<= 0",
            "; ".join([f"not exactly the wanted children, field by field, within {WITHIN_S:g} s", *tally.failed]),
        ),
    ]


@contextmanager
def _killed_after(cluster: BenchmarkCluster, number: int) -> Iterator[tuple[ApiProxy, RunningOperator]]:
    """An operator that is killed as soon as its write of that number has been answered."""
    with proxied(cluster.plane) as proxy, cluster.operator(through=proxy) as operator:
        process_id = operator.process.pid

        def kill(count: int) -> None:
            if count == number:
                os.kill(process_id, signal.SIGKILL)

        proxy.after_write = kill
        yield proxy, operator


def _create(cluster: BenchmarkCluster, number: int, tally: Tally) -> bool:
    namespace = cluster.namespace(f"kill-create-{number}")
    with _killed_after(cluster, number) as (_, operator):
        cluster.api.create(_service(namespace))
        hit = _dies(operator, lambda: _is_settled(cluster, namespace))
    _converges(cluster, namespace, tally, hit=hit)
    return hit


def _supply(cluster: BenchmarkCluster, number: int, tally: Tally) -> bool:
    """A Job brings the model, in a cluster in which every Job succeeds at once."""
    namespace = cluster.namespace(f"kill-supply-{number}")

    def is_supplied() -> bool:
        [service] = cluster.services(namespace)
        return "model" in service.get("status", {}) and _is_settled(cluster, namespace)

    with _jobs_succeed(cluster, namespace):
        with _killed_after(cluster, number) as (_, operator):
            cluster.api.create(_service(namespace, WITH_HPA | with_hugging_face()))
            hit = _dies(operator, is_supplied)
        if hit:
            with _started_again(cluster, namespace, tally):
                eventually(is_supplied, "the model is served", WITHIN_S)
                assert len(cluster.api.list(JOBS, namespace)) == 1, "more Jobs than one"
    return hit


@contextmanager
def _jobs_succeed(cluster: BenchmarkCluster, namespace: str) -> Iterator[None]:
    """There is no kubelet: what one would write of the Jobs' pods is written here, while the block runs."""
    over = threading.Event()

    def write() -> None:
        while not over.wait(0.1):
            for pod in cluster.api.list(PODS, namespace):
                if (
                    pod["metadata"]["labels"].get(COMPONENT_LABEL) == MODEL_COMPONENT
                    and pod["status"]["phase"] == "Pending"
                ):
                    cluster.plane.patch_status(
                        "pod", pod["metadata"]["name"], namespace, terminated_status(success_message())
                    )

    kubelet = threading.Thread(target=write)
    kubelet.start()
    try:
        yield
    finally:
        over.set()
        kubelet.join()


def _update(cluster: BenchmarkCluster, number: int, tally: Tally) -> bool:
    return _change(cluster, f"kill-update-{number}", UPDATE, number, tally)


def _switch(cluster: BenchmarkCluster, number: int, tally: Tally) -> bool:
    """The other way about: KEDA has to go before the cluster's own autoscaler comes."""
    patch = {"spec": {"autoscaling": {"mode": "hpa"}, "serving": {"adapters": 3}}}
    return _change(cluster, f"kill-switch-{number}", patch, number, tally, spec=WITH_KEDA)


def _delete(cluster: BenchmarkCluster, number: int, tally: Tally) -> bool:
    """Deleting writes nothing: what is removed here are the children that the spec no longer asks for."""
    namespace = f"kill-delete-{number}"
    hit = _change(cluster, namespace, FEWER, number, tally)
    with cluster.operator():
        cluster.delete_services(namespace)
    return hit


def _change(
    cluster: BenchmarkCluster, name: str, patch: Manifest, number: int, tally: Tally, *, spec: Manifest = WITH_HPA
) -> bool:
    """A settled service in a new namespace gets another spec; says whether the write of that number was reached."""
    namespace = cluster.namespace(name)
    with cluster.operator():
        cluster.api.create(_service(namespace, spec))
        cluster.wait_until_settled(namespace)
    with _killed_after(cluster, number) as (_, operator):
        cluster.api.patch(DIARIZATION_SERVICES, namespace, "demo", patch)
        hit = _dies(operator, lambda: _is_settled(cluster, namespace))
    _converges(cluster, namespace, tally, hit=hit)
    return hit


def _service(namespace: str, spec: Manifest = WITH_HPA) -> Manifest:
    return diarization_service(spec, {"name": "demo", "namespace": namespace})


def _is_settled(cluster: BenchmarkCluster, namespace: str) -> bool:
    return cluster.is_settled(namespace) and cluster.has_desired_children(namespace)


def _dies(operator: RunningOperator, is_settled: Callable[[], bool]) -> bool:
    """Whether the write was reached; False where everything was done before."""
    eventually(lambda: operator.process.poll() is not None or is_settled(), "a kill or the end", 60)
    return operator.process.poll() is not None


def _converges(cluster: BenchmarkCluster, namespace: str, tally: Tally, *, hit: bool) -> None:
    if hit:
        with _started_again(cluster, namespace, tally):
            cluster.wait_until_settled(namespace, within_s=WITHIN_S)


@contextmanager
def _started_again(cluster: BenchmarkCluster, namespace: str, tally: Tally) -> Iterator[None]:
    """The operator after a kill; what the block finds wrong is counted, and told with what there was to be seen."""
    tally.tried += 1
    with cluster.operator() as operator:
        try:
            yield
        except AssertionError as error:
            told = [condition(service, "Ready") for service in cluster.services(namespace)]
            said = operator.log.read_text()[-1000:]
            tally.failed.append(f"{namespace}: {error}, {told}, the operator said: {said}")
