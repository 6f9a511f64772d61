"""What keeps a pod from serving, in the words of whoever knows: scheduler, kubelet, or the container itself."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from sd_operator.reconcile.cause import Cause
from sd_operator.reconcile.decide import leaving
from sd_operator.vocabulary import Manifest

LONGEST_LAST_WORDS = 1000
MODEL_NOT_LOADED = 3
"""Exit status of an engine whose model cannot be loaded (sd_engine.last_words)."""
PULL_REASONS = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")
VOLUME_WORDS = ("persistentvolumeclaim", "PersistentVolumeClaim", "volume node affinity", "persistent volumes")
"""How the scheduler names a claim that is not there, not bound, or bound to a volume elsewhere."""
CREATE_REASONS = ("CreateContainerConfigError", "CreateContainerError", "RunContainerError")


class Container(NamedTuple):
    """One container of a pod: its name in a sentence, and its status."""

    title: str
    status: Manifest

    @property
    def waiting(self) -> Manifest:
        """Why the container has not started; empty where it has."""
        return self.status.get("state", {}).get("waiting", {})

    @property
    def ended(self) -> Manifest:
        """How the container ended last; empty where it never did."""
        return self.status.get("state", {}).get("terminated") or self.status.get("lastState", {}).get("terminated", {})

    @property
    def last_words(self) -> str:
        """What the container said at its end, the last of it."""
        return self.ended.get("message", "").strip()[-LONGEST_LAST_WORDS:]


def worst(pods: Iterable[Manifest]) -> Cause | None:
    """The gravest fault of all pods that are to serve; of equal ones the newest pod's."""
    found = [(rank, fault) for pod in _newest_first(pods) for rank, rule in enumerate(RULES) if (fault := rule(pod))]
    return min(found, key=lambda ranked: ranked[0])[1] if found else None


def _newest_first(pods: Iterable[Manifest]) -> list[Manifest]:
    staying = [pod for pod in pods if not leaving(pod)]
    # Pods that were evicted stay behind until somebody removes them; where others came after them they are history.
    alive = [pod for pod in staying if pod.get("status", {}).get("phase") != "Failed"]
    waiting = [pod for pod in alive or staying if not _is_ready(pod)]
    return sorted(waiting, key=lambda pod: (pod["metadata"]["creationTimestamp"], _name(pod)), reverse=True)


def _is_ready(pod: Manifest) -> bool:
    return any(each["type"] == "Ready" and each["status"] == "True" for each in _conditions(pod))


def model_cannot_be_loaded(pod: Manifest) -> Cause | None:
    """The engine ended because of its model, and said why."""
    for container in _crashed(pod):
        if container.ended["exitCode"] == MODEL_NOT_LOADED:
            return Cause("ModelLoadFailed", f"{container.title}: {container.last_words}")
    return None


def crashed(pod: Manifest) -> Cause | None:
    """A container ended badly, with its last words."""
    for container in _crashed(pod):
        return Cause("ContainerCrashed", _obituary(container))
    return None


def _crashed(pod: Manifest) -> list[Container]:
    return [each for each in _containers(pod) if each.ended and not each.status.get("ready", False) and _badly(each)]


def image_pull_failed(pod: Manifest) -> Cause | None:
    """An image cannot be had."""
    for container in _containers(pod):
        if container.waiting.get("reason") in PULL_REASONS:
            # The kubelet says the same with and without its back-off in front; one sentence is enough.
            cause = container.waiting.get("message", "").rpartition("ErrImagePull: ")[2]
            image = container.status.get("image", "")
            return Cause("ImagePullFailed", f"{container.title} cannot get its image {image}: {cause}")
    return None


def container_cannot_be_made(pod: Manifest) -> Cause | None:
    """The kubelet has the image and cannot make a container of it."""
    for container in _containers(pod):
        if container.waiting.get("reason") in CREATE_REASONS:
            cause = container.waiting.get("message", "")
            return Cause("ContainerNotMade", f"{container.title} cannot be made: {cause}")
    return None


def failed(pod: Manifest) -> Cause | None:
    """The pod was ended from outside, for example evicted."""
    status = pod.get("status", {})
    if status.get("phase") != "Failed":
        return None
    sentence = f"Pod {_name(pod)} has failed. {status.get('message', '')}".strip()
    return Cause(status.get("reason") or "PodFailed", sentence)


def unschedulable(pod: Manifest) -> Cause | None:
    """No node takes the pod, in the scheduler's own sentence."""
    for condition in _conditions(pod):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            message = condition.get("message", "")
            waits_for_volume = any(words in message for words in VOLUME_WORDS)
            reason = "VolumePending" if waits_for_volume else condition.get("reason", "Unschedulable")
            return Cause(reason, f"Pod {_name(pod)}: {message}")
    return None


def starting(pod: Manifest) -> Cause | None:
    """Nothing is wrong yet: what the pod is busy with."""
    engine, triton = (_status(pod, kind) for kind in ("initContainerStatuses", "containerStatuses"))
    if not engine.get("started", False):
        stage = "the engine starts"
    elif not engine.get("ready", False):
        stage = "the engine loads the model"
    else:
        stage = "Triton starts" if not triton.get("started", False) else "Triton is not ready"
    return Cause("Starting", f"Pod {_name(pod)}: {stage}.")


Rule = Callable[[Manifest], Cause | None]

RULES: tuple[Rule, ...] = (
    image_pull_failed,  # what a person must mend comes before what may mend itself
    container_cannot_be_made,
    model_cannot_be_loaded,
    crashed,
    failed,
    unschedulable,
    starting,
)


def _badly(container: Container) -> bool:
    """Whether it failed, or ends again and again: neither container is ever done."""
    return container.ended["exitCode"] != 0 or container.waiting.get("reason") == "CrashLoopBackOff"


def _obituary(container: Container) -> str:
    ended = container.ended
    cause = f" ({ended['reason']})" if ended.get("reason", "Error") != "Error" else ""
    said = f" Its last words: {container.last_words}" if container.last_words else ""
    restarts = container.status.get("restartCount", 0)
    return f"{container.title} ended with exit code {ended['exitCode']}{cause}, {restarts} restarts so far.{said}"


def _containers(pod: Manifest) -> list[Container]:
    status = pod.get("status", {})
    statuses = [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]
    return [Container(f"Container {each['name']} of pod {_name(pod)}", each) for each in statuses]


def _status(pod: Manifest, kind: str) -> Manifest:
    statuses: list[Manifest] = pod.get("status", {}).get(kind, [])
    return statuses[0] if statuses else {}


def _conditions(pod: Manifest) -> list[Manifest]:
    return pod.get("status", {}).get("conditions", [])


def _name(pod: Manifest) -> str:
    return pod["metadata"]["name"]
