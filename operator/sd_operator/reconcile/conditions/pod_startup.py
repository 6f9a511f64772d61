"""How far a pod has come on its way to serve, and since when. Pure: the time is passed in."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from sd_operator.kube.conditions import is_condition_true, transition_time
from sd_operator.reconcile.conditions.container_status import Container, engine_and_triton
from sd_operator.reconcile.decide import leaving
from sd_operator.resources import Manifest

SLOW = timedelta(minutes=10)
"""A stage that lasts longer is told as a failure; the probes of a start give up after five minutes."""
SCHEDULED, SET_UP, READY = "PodScheduled", "PodReadyToStartContainers", "Ready"


class Stage(NamedTuple):
    """What a pod is busy with, `since` when as the cluster writes times, and where to read more about it."""

    words: str
    since: str
    read: str
    slow: str = "StartSlow"
    """The reason where it takes too long."""

    def lasts_long(self, now: datetime) -> bool:
        """Whether it has been going on for longer than any start should take."""
        return bool(self.since) and now - datetime.fromisoformat(self.since) > SLOW


def stage(pod: Manifest) -> Stage:
    """Where a pod is that does not serve yet."""
    engine, triton = engine_and_triton(pod)
    if not engine.runs and not engine.started:
        return _before_the_engine(pod)
    if not engine.started:
        return Stage("the engine starts", engine.running_since, _log(pod, "engine"))
    if not engine.ready:
        return Stage("the engine loads the model", _unready_since(pod, engine), _log(pod, "engine"), "ModelLoadSlow")
    if not triton.runs and not triton.started:
        return Stage("Triton's image is pulled", transition_time(pod, "Initialized"), _description(pod))
    words = "Triton is not ready" if triton.started else "Triton starts"
    return Stage(words, _unready_since(pod, triton), _log(pod, "triton"))


def _before_the_engine(pod: Manifest) -> Stage:
    if not is_condition_true(pod, SCHEDULED):
        return Stage("it waits for a node", pod["metadata"]["creationTimestamp"], _description(pod))
    if not is_condition_true(pod, SET_UP):
        return Stage("its volumes and its network are set up", transition_time(pod, SCHEDULED), _description(pod))
    return Stage("the engine's image is pulled", transition_time(pod, SET_UP), _description(pod))


def _unready_since(pod: Manifest, container: Container) -> str:
    """The later of the process's begin and the end of the pod's readiness: it may have been ready in between."""
    return max(container.running_since, transition_time(pod, READY))


def _log(pod: Manifest, container: str) -> str:
    metadata = pod["metadata"]
    return f"kubectl logs -n {metadata['namespace']} {metadata['name']} -c {container}"


def _description(pod: Manifest) -> str:
    metadata = pod["metadata"]
    return f"kubectl describe pod -n {metadata['namespace']} {metadata['name']}"


def unready(pods: Iterable[Manifest]) -> list[Manifest]:
    """The pods that are to serve and do not, the newest first."""
    staying = [pod for pod in pods if not leaving(pod)]
    # Pods that were evicted stay behind until somebody removes them; where others came after them they are history.
    alive = [pod for pod in staying if pod.get("status", {}).get("phase") != "Failed"]
    waiting = [pod for pod in alive or staying if not is_condition_true(pod, READY)]
    return sorted(
        waiting, key=lambda pod: (pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]), reverse=True
    )


def is_being_set_up(pod: Manifest) -> bool:
    """Whether a node is at work on what a pod's containers need: its volumes, and its network."""
    engine, _ = engine_and_triton(pod)
    under_way = is_condition_true(pod, SCHEDULED) and not is_condition_true(pod, SET_UP)
    return under_way and not engine.runs and not engine.ended


def any_is_being_set_up(pods: Iterable[Manifest]) -> bool:
    """Whether there may be news about that, which are no event of any object that is watched."""
    return any(map(is_being_set_up, unready(pods)))


def any_starts(pods: Iterable[Manifest]) -> bool:
    """Whether any pod is on its way on some node: that a stage takes too long is no event of any object."""
    return any(is_condition_true(pod, SCHEDULED) for pod in unready(pods))
