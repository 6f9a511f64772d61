"""The stages of a pod's start, and the time since when a pod has been at one. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from sd_operator.api.reason import Reason
from sd_operator.kube.conditions import is_condition_true, transition_time
from sd_operator.reconcile.conditions.container_status import ContainerStatus, engine_and_triton
from sd_operator.reconcile.objects import is_being_deleted
from sd_operator.resources import Manifest

SLOW_AFTER = timedelta(minutes=10)
"""The duration after which a stage counts as a failure. The startup probes give up after five minutes."""
SCHEDULED, SET_UP, READY = "PodScheduled", "PodReadyToStartContainers", "Ready"


class StartupStage(NamedTuple):
    """A stage: its name in a sentence, the timestamp of its begin, and the command that shows more."""

    name: str
    since: str
    command: str
    slow_reason: Reason = Reason.START_SLOW
    """The reason if the stage takes too long."""

    def is_slow(self, now: datetime) -> bool:
        """Return True if the stage has lasted longer than it should."""
        return bool(self.since) and now - datetime.fromisoformat(self.since) > SLOW_AFTER


def startup_stage(pod: Manifest) -> StartupStage:
    """Return the stage of a pod that is not ready."""
    engine, triton = engine_and_triton(pod)
    if not engine.is_running and not engine.is_started:
        return _before_engine(pod)
    if not engine.is_started:
        return StartupStage("the engine starts", engine.running_since, _logs(pod, "engine"))
    if not engine.is_ready:
        since = _unready_since(pod, engine)
        return StartupStage("the engine loads the model", since, _logs(pod, "engine"), Reason.MODEL_LOAD_SLOW)
    if not triton.is_running and not triton.is_started:
        return StartupStage("the Triton image is pulled", transition_time(pod, "Initialized"), _describe(pod))
    name = "Triton is not ready" if triton.is_started else "Triton starts"
    return StartupStage(name, _unready_since(pod, triton), _logs(pod, "triton"))


def _before_engine(pod: Manifest) -> StartupStage:
    if not is_condition_true(pod, SCHEDULED):
        return StartupStage("the pod waits for a node", pod["metadata"]["creationTimestamp"], _describe(pod))
    if not is_condition_true(pod, SET_UP):
        name = "the volumes and the network of the pod are set up"
        return StartupStage(name, transition_time(pod, SCHEDULED), _describe(pod))
    return StartupStage("the engine image is pulled", transition_time(pod, SET_UP), _describe(pod))


def _unready_since(pod: Manifest, container: ContainerStatus) -> str:
    """Return the later of the start of the process and the end of the pod's readiness."""
    return max(container.running_since, transition_time(pod, READY))


def _logs(pod: Manifest, container: str) -> str:
    metadata = pod["metadata"]
    return f"kubectl logs -n {metadata['namespace']} {metadata['name']} -c {container}"


def _describe(pod: Manifest) -> str:
    metadata = pod["metadata"]
    return f"kubectl describe pod -n {metadata['namespace']} {metadata['name']}"


def unready_pods(pods: Iterable[Manifest]) -> list[Manifest]:
    """Return the pods that should serve and do not, the newest first."""
    remaining = [pod for pod in pods if not is_being_deleted(pod)]
    # Evicted pods remain until somebody deletes them; they do not matter once there are others.
    active = [pod for pod in remaining if pod.get("status", {}).get("phase") != "Failed"]
    unready = [pod for pod in active or remaining if not is_condition_true(pod, READY)]
    return sorted(
        unready, key=lambda pod: (pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]), reverse=True
    )


def is_being_set_up(pod: Manifest) -> bool:
    """Return True if a node mounts the volumes of a pod or sets up its network."""
    engine, _ = engine_and_triton(pod)
    is_assigned = is_condition_true(pod, SCHEDULED) and not is_condition_true(pod, SET_UP)
    return is_assigned and not engine.is_running and not engine.terminated


def any_is_being_set_up(pods: Iterable[Manifest]) -> bool:
    """Return True if a failure to set up a pod may occur, which no watched object reports."""
    return any(map(is_being_set_up, unready_pods(pods)))


def any_starts(pods: Iterable[Manifest]) -> bool:
    """Return True if a pod starts on a node: no watched object reports that a stage takes too long."""
    return any(is_condition_true(pod, SCHEDULED) for pod in unready_pods(pods))
