"""What keeps a pod from serving, in the words of whoever knows: scheduler, kubelet, or the container itself."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sd_operator.kube.conditions import conditions_of
from sd_operator.reconcile.conditions.container_status import Container, containers
from sd_operator.reconcile.conditions.pod_startup import is_being_set_up, stage, unready
from sd_operator.reconcile.reason import Cause
from sd_operator.resources import Manifest

MODEL_NOT_LOADED = 3
"""Exit status of an engine whose model cannot be loaded (sd_engine.termination_message)."""
MODEL_CORRUPT = 4
"""The same of an engine whose model is not what was pinned."""
PULL_REASONS = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")
CREATE_REASONS = ("CreateContainerConfigError", "CreateContainerError", "RunContainerError")
VOLUME_WORDS = ("persistentvolumeclaim", "PersistentVolumeClaim", "volume node affinity", "persistent volumes")
"""How the scheduler names a claim that is not there, not bound, or bound to a volume elsewhere."""


BOUND_TO_NODES = {
    "Multi-Attach error": "Its claim is ReadWriteOnce: only the pods of one node can have it at a time. Keep all pods "
    "on that node (compute.nodeSelector, compute.affinity), or use a claim with ReadWriteMany.",
    "volume node affinity": "The claim's volume can be reached from some nodes only, and none of these takes the pod. "
    "Make room there, or use a claim that every node can mount (ReadWriteMany).",
}
"""What is said of a volume that is elsewhere, and what it means."""


@dataclass(frozen=True, slots=True)
class Case:
    """One pod that does not serve, the time, and why it could not be set up, where its Events say that."""

    pod: Manifest
    now: datetime
    failed_setup: Cause | None

    @property
    def name(self) -> str:
        """The pod's."""
        return self.pod["metadata"]["name"]


def worst(pods: Iterable[Manifest], failed_setups: Mapping[str, Cause], now: datetime) -> Cause | None:
    """The gravest fault of all pods that are to serve; of equal ones the newest pod's."""
    cases = [Case(pod, now, failed_setups.get(pod["metadata"]["uid"])) for pod in unready(pods)]
    found = [(rank, fault) for case in cases for rank, rule in enumerate(RULES) if (fault := rule(case))]
    return min(found, key=lambda ranked: ranked[0])[1] if found else None


def hindrance(pod: Manifest, failed_setups: Mapping[str, Cause], now: datetime) -> Cause | None:
    """What keeps the pod of a Job from beginning; None where it is on its way, or at work."""
    case = Case(pod, now, failed_setups.get(pod["metadata"]["uid"]))
    return next((fault for rule in BEFORE_IT_RUNS if (fault := rule(case))), None)


class Corruption(NamedTuple):
    """What an engine found wrong with its model's files, and when, as the cluster writes times."""

    cause: Cause
    at: str

    def and_then(self, sentence: str) -> Cause:
        """The same with what is being done about it."""
        return Cause(self.cause.reason, f"{self.cause.message} {sentence}".strip())


def corruption(pods: Iterable[Manifest]) -> Corruption | None:
    """The last one of the pods that are to serve and do not."""
    found = [
        Corruption(cause, container.ended.get("finishedAt") or "")
        for pod in unready(pods)
        for container in containers(pod)
        if (cause := _corrupt(container))
    ]
    return max(found, key=lambda each: each.at, default=None)


def _corrupt(container: Container) -> Cause | None:
    if not container.fails or container.ended["exitCode"] != MODEL_CORRUPT:
        return None
    return Cause("Corrupt", f"{container.title}: {container.last_words}")


def image_pull_failed(case: Case) -> Cause | None:
    """An image cannot be had."""
    for container in containers(case.pod):
        if container.waiting.get("reason") in PULL_REASONS:
            # The kubelet says the same with and without its back-off in front; one sentence is enough.
            cause = container.waiting.get("message", "").rpartition("ErrImagePull: ")[2]
            image = container.status.get("image", "")
            return Cause("ImagePullFailed", f"{container.title} cannot get its image {image}: {cause}")
    return None


def container_cannot_be_made(case: Case) -> Cause | None:
    """The kubelet has the image and cannot make a container of it."""
    for container in containers(case.pod):
        if container.waiting.get("reason") in CREATE_REASONS:
            cause = container.waiting.get("message", "")
            return Cause("ContainerCreationFailed", f"{container.title} cannot be made: {cause}")
    return None


def model_is_corrupt(case: Case) -> Cause | None:
    """The engine refused to load what is not the model that was pinned."""
    return next((cause for container in containers(case.pod) if (cause := _corrupt(container))), None)


def model_cannot_be_loaded(case: Case) -> Cause | None:
    """The engine ended because of its model, and said why."""
    for container in containers(case.pod):
        if container.fails and container.ended["exitCode"] == MODEL_NOT_LOADED:
            return Cause("ModelLoadFailed", f"{container.title}: {container.last_words}")
    return None


def crashed(case: Case) -> Cause | None:
    """A container ended badly, with its last words."""
    for container in containers(case.pod):
        if container.fails:
            return Cause("ContainerCrashed", _obituary(container))
    return None


def failed(case: Case) -> Cause | None:
    """The pod was ended from outside, for example evicted."""
    status = case.pod.get("status", {})
    if status.get("phase") != "Failed":
        return None
    sentence = f"Pod {case.name} has failed. {status.get('message', '')}".strip()
    return Cause(status.get("reason") or "PodFailed", sentence)


def unschedulable(case: Case) -> Cause | None:
    """No node takes the pod, in the scheduler's own sentence."""
    scheduled = conditions_of(case.pod).get("PodScheduled", {})
    if scheduled.get("status") != "False":
        return None
    message = scheduled.get("message", "")
    waits_for_volume = any(words in message for words in VOLUME_WORDS)
    reason = "VolumePending" if waits_for_volume else scheduled.get("reason", "Unschedulable")
    return _explained(Cause(reason, f"Pod {case.name}: {message}"))


def cannot_be_set_up(case: Case) -> Cause | None:
    """Its node tries in vain to mount a volume or to give it a network."""
    return _explained(case.failed_setup) if case.failed_setup and is_being_set_up(case.pod) else None


def start_takes_long(case: Case) -> Cause | None:
    """Nobody complains, and nothing goes on: a model is read from a share that hangs, say."""
    at = stage(case.pod)
    if not at.lasts_long(case.now):
        return None
    return Cause(at.slow, f"Pod {case.name}: {at.words}, since {at.since}. What keeps it: {at.read}")


def starting(case: Case) -> Cause | None:
    """Nothing is wrong yet: what the pod is busy with."""
    return Cause("Starting", f"Pod {case.name}: {stage(case.pod).words}.")


Rule = Callable[[Case], Cause | None]

RULES: tuple[Rule, ...] = (
    image_pull_failed,  # what a person must mend comes before what may mend itself
    container_cannot_be_made,
    model_is_corrupt,
    model_cannot_be_loaded,
    crashed,
    failed,
    unschedulable,
    cannot_be_set_up,
    start_takes_long,
    starting,
)
BEFORE_IT_RUNS: tuple[Rule, ...] = (image_pull_failed, container_cannot_be_made, unschedulable, cannot_be_set_up)


def _explained(cause: Cause) -> Cause:
    """The same with what a volume's place has to do with it."""
    meanings = (meaning for said, meaning in BOUND_TO_NODES.items() if said in cause.message)
    return Cause(cause.reason, " ".join([cause.message, *meanings]))


def _obituary(container: Container) -> str:
    ended = container.ended
    cause = f" ({ended['reason']})" if ended.get("reason", "Error") != "Error" else ""
    said = f" Its last words: {container.last_words}" if container.last_words else ""
    restarts = container.status.get("restartCount", 0)
    return f"{container.title} ended with exit code {ended['exitCode']}{cause}, {restarts} restarts so far.{said}"
