"""The operator is killed after every single write of a service's life and started again: does it always converge?"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sd_harness.control_plane.api_proxy import ApiProxy, proxied
from sd_harness.control_plane.model_job_pods import brought, ended
from sd_harness.control_plane.operator_bench import condition, diarization_service
from sd_harness.control_plane.operator_process import RunningOperator
from sd_harness.control_plane.processes import eventually
from sd_harness.services.service_specs import WITH_HPA, WITH_KEDA, with_hugging_face
from sd_operator.resources import COMPONENT_LABEL, DIARIZATION_SERVICES, JOBS, MODEL_COMPONENT, PODS, Manifest

from benchmarks.operator.stage import Stage
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


def measure(stage: Stage) -> list[Row]:
    """Create, supply, update, delete: for each the operator is killed after its first write, its second, and so on."""
    tally = Tally()
    for phase in (_create, _supply, _update, _switch, _delete):
        for number in range(1, stage.little(MOST_WRITES, 3)):
            if not phase(stage, number, tally):
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
def _killed_after(stage: Stage, number: int) -> Iterator[tuple[ApiProxy, RunningOperator]]:
    """An operator that is killed as soon as its write of that number has been answered."""
    with proxied(stage.plane) as proxy, stage.operator(through=proxy) as operator:
        process_id = operator.process.pid

        def kill(count: int) -> None:
            if count == number:
                os.kill(process_id, signal.SIGKILL)

        proxy.after_write = kill
        yield proxy, operator


def _create(stage: Stage, number: int, tally: Tally) -> bool:
    namespace = stage.namespace(f"kill-create-{number}")
    with _killed_after(stage, number) as (_, operator):
        stage.api.create(_service(namespace))
        hit = _dies(operator, lambda: _is_settled(stage, namespace))
    _converges(stage, namespace, tally, hit=hit)
    return hit


def _supply(stage: Stage, number: int, tally: Tally) -> bool:
    """A Job brings the model, in a cluster in which every Job succeeds at once."""
    namespace = stage.namespace(f"kill-supply-{number}")

    def is_supplied() -> bool:
        [service] = stage.services(namespace)
        return "model" in service.get("status", {}) and _is_settled(stage, namespace)

    with _jobs_succeed(stage, namespace):
        with _killed_after(stage, number) as (_, operator):
            stage.api.create(_service(namespace, WITH_HPA | with_hugging_face()))
            hit = _dies(operator, is_supplied)
        if hit:
            with _started_again(stage, namespace, tally):
                eventually(is_supplied, "the model is served", WITHIN_S)
                assert len(stage.api.list(JOBS, namespace)) == 1, "more Jobs than one"
    return hit


@contextmanager
def _jobs_succeed(stage: Stage, namespace: str) -> Iterator[None]:
    """There is no kubelet: what one would write of the Jobs' pods is written here, while the block runs."""
    over = threading.Event()

    def write() -> None:
        while not over.wait(0.1):
            for pod in stage.api.list(PODS, namespace):
                if (
                    pod["metadata"]["labels"].get(COMPONENT_LABEL) == MODEL_COMPONENT
                    and pod["status"]["phase"] == "Pending"
                ):
                    stage.plane.patch_status("pod", pod["metadata"]["name"], namespace, ended(brought()))

    kubelet = threading.Thread(target=write)
    kubelet.start()
    try:
        yield
    finally:
        over.set()
        kubelet.join()


def _update(stage: Stage, number: int, tally: Tally) -> bool:
    return _change(stage, f"kill-update-{number}", UPDATE, number, tally)


def _switch(stage: Stage, number: int, tally: Tally) -> bool:
    """The other way about: KEDA has to go before the cluster's own autoscaler comes."""
    patch = {"spec": {"autoscaling": {"mode": "hpa"}, "serving": {"adapters": 3}}}
    return _change(stage, f"kill-switch-{number}", patch, number, tally, spec=WITH_KEDA)


def _delete(stage: Stage, number: int, tally: Tally) -> bool:
    """Deleting writes nothing: what is removed here are the children that the spec no longer asks for."""
    namespace = f"kill-delete-{number}"
    hit = _change(stage, namespace, FEWER, number, tally)
    with stage.operator():
        stage.clear(namespace)
    return hit


def _change(stage: Stage, name: str, patch: Manifest, number: int, tally: Tally, *, spec: Manifest = WITH_HPA) -> bool:
    """A settled service in a new namespace gets another spec; says whether the write of that number was reached."""
    namespace = stage.namespace(name)
    with stage.operator():
        stage.api.create(_service(namespace, spec))
        stage.settled(namespace)
    with _killed_after(stage, number) as (_, operator):
        stage.api.patch(DIARIZATION_SERVICES, namespace, "demo", patch)
        hit = _dies(operator, lambda: _is_settled(stage, namespace))
    _converges(stage, namespace, tally, hit=hit)
    return hit


def _service(namespace: str, spec: Manifest = WITH_HPA) -> Manifest:
    return diarization_service(spec, {"name": "demo", "namespace": namespace})


def _is_settled(stage: Stage, namespace: str) -> bool:
    return stage.is_settled(namespace) and stage.as_wanted(namespace)


def _dies(operator: RunningOperator, is_settled: Callable[[], bool]) -> bool:
    """Whether the write was reached; False where everything was done before."""
    eventually(lambda: operator.process.poll() is not None or is_settled(), "a kill or the end", 60)
    return operator.process.poll() is not None


def _converges(stage: Stage, namespace: str, tally: Tally, *, hit: bool) -> None:
    if hit:
        with _started_again(stage, namespace, tally):
            stage.settled(namespace, within_s=WITHIN_S)


@contextmanager
def _started_again(stage: Stage, namespace: str, tally: Tally) -> Iterator[None]:
    """The operator after a kill; what the block finds wrong is counted, and told with what there was to be seen."""
    tally.tried += 1
    with stage.operator() as operator:
        try:
            yield
        except AssertionError as error:
            told = [condition(service, "Ready") for service in stage.services(namespace)]
            said = operator.log.read_text()[-1000:]
            tally.failed.append(f"{namespace}: {error}, {told}, the operator said: {said}")
