"""The reasons why a pod does not serve, as the scheduler, the kubelet or the container reports them. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sd_operator.api.reason import Reason
from sd_operator.kube.conditions import conditions_of
from sd_operator.reconcile.conditions.container_status import ContainerStatus, containers
from sd_operator.reconcile.conditions.pod_startup import is_being_set_up, startup_stage, unready_pods
from sd_operator.reconcile.finding import Finding
from sd_operator.resources import Manifest

MODEL_NOT_LOADED = 3
"""Exit code of an engine that cannot load its model (sd_engine.termination_message)."""
MODEL_CORRUPT = 4
"""Exit code of an engine whose model does not match the pinned digest."""
PULL_REASONS = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")
CREATE_REASONS = ("CreateContainerConfigError", "CreateContainerError", "RunContainerError")
VOLUME_TERMS = ("persistentvolumeclaim", "PersistentVolumeClaim", "volume node affinity", "persistent volumes")
"""Terms of the scheduler for a claim that is missing, not bound, or bound to a volume that the node cannot reach."""

VOLUME_ADVICE = {
    "Multi-Attach error": "The claim is ReadWriteOnce, so only the pods of one node can use it at a time. Keep all "
    "pods on that node (compute.nodeSelector, compute.affinity), or use a claim with ReadWriteMany.",
    "volume node affinity": "Only some nodes can reach the volume of the claim, and none of them accepts the pod. "
    "Free resources there, or use a claim that every node can mount (ReadWriteMany).",
}
"""Advice about volumes that are tied to a node, by a part of the message."""


@dataclass(frozen=True, slots=True)
class PodObservation:
    """A pod that does not serve, the time, and the reason in its Events why it cannot be set up."""

    pod: Manifest
    now: datetime
    setup_failure: Finding | None

    @property
    def name(self) -> str:
        """The name of the pod."""
        return self.pod["metadata"]["name"]


def worst_failure(pods: Iterable[Manifest], setup_failures: Mapping[str, Finding], now: datetime) -> Finding | None:
    """Return the most severe failure of the pods that should serve; of equal ones, that of the newest pod."""
    observations = [PodObservation(pod, now, setup_failures.get(pod["metadata"]["uid"])) for pod in unready_pods(pods)]
    found = [(rank, finding) for each in observations for rank, rule in enumerate(RULES) if (finding := rule(each))]
    return min(found, key=lambda ranked: ranked[0])[1] if found else None


def start_failure(pod: Manifest, setup_failures: Mapping[str, Finding], now: datetime) -> Finding | None:
    """Return what prevents the pod of a Job from starting; None if it starts or runs."""
    observation = PodObservation(pod, now, setup_failures.get(pod["metadata"]["uid"]))
    return next((finding for rule in BEFORE_START if (finding := rule(observation))), None)


class Corruption(NamedTuple):
    """The report of an engine that the files of its model are damaged, and its timestamp."""

    finding: Finding
    time: str


def corruption(pods: Iterable[Manifest]) -> Corruption | None:
    """Return the last report of the pods that should serve and do not."""
    found = [
        Corruption(finding, container.terminated.get("finishedAt") or "")
        for pod in unready_pods(pods)
        for container in containers(pod)
        if (finding := _corrupt(container))
    ]
    return max(found, key=lambda each: each.time, default=None)


def _corrupt(container: ContainerStatus) -> Finding | None:
    if not container.fails or container.terminated["exitCode"] != MODEL_CORRUPT:
        return None
    return Finding(Reason.CORRUPT, f"{container.title}: {container.termination_message}")


def image_pull_failed(observation: PodObservation) -> Finding | None:
    """An image cannot be pulled."""
    for container in containers(observation.pod):
        if container.waiting.get("reason") in PULL_REASONS:
            # The kubelet alternates between the message and the message behind "Back-off pulling image".
            message = container.waiting.get("message", "").rpartition("ErrImagePull: ")[2]
            image = container.status.get("image", "")
            return Finding(Reason.IMAGE_PULL_FAILED, f"{container.title} cannot pull its image {image}: {message}")
    return None


def container_creation_failed(observation: PodObservation) -> Finding | None:
    """The kubelet has the image and cannot create or start the container."""
    for container in containers(observation.pod):
        if container.waiting.get("reason") in CREATE_REASONS:
            message = container.waiting.get("message", "")
            return Finding(Reason.CONTAINER_CREATION_FAILED, f"{container.title} cannot be created: {message}")
    return None


def model_is_corrupt(observation: PodObservation) -> Finding | None:
    """The engine refuses to load a model that does not match the pinned digest."""
    return next((finding for container in containers(observation.pod) if (finding := _corrupt(container))), None)


def model_load_failed(observation: PodObservation) -> Finding | None:
    """The engine has terminated because it cannot load its model."""
    for container in containers(observation.pod):
        if container.fails and container.terminated["exitCode"] == MODEL_NOT_LOADED:
            return Finding(Reason.MODEL_LOAD_FAILED, f"{container.title}: {container.termination_message}")
    return None


def container_crashed(observation: PodObservation) -> Finding | None:
    """A container has terminated."""
    for container in containers(observation.pod):
        if container.fails:
            return Finding(Reason.CONTAINER_CRASHED, _termination(container))
    return None


def pod_failed(observation: PodObservation) -> Finding | None:
    """The pod was terminated from outside, for example evicted."""
    status = observation.pod.get("status", {})
    if status.get("phase") != "Failed":
        return None
    message = f"Pod {observation.name} failed. {status.get('message', '')}".strip()
    return Finding(status.get("reason") or Reason.POD_FAILED, message)


def unschedulable(observation: PodObservation) -> Finding | None:
    """No node accepts the pod."""
    scheduled = conditions_of(observation.pod).get("PodScheduled", {})
    if scheduled.get("status") != "False":
        return None
    message = scheduled.get("message", "")
    is_about_volume = any(term in message for term in VOLUME_TERMS)
    reason = Reason.VOLUME_PENDING if is_about_volume else scheduled.get("reason", Reason.UNSCHEDULABLE)
    return _with_advice(Finding(reason, f"Pod {observation.name}: {message}"))


def setup_failed(observation: PodObservation) -> Finding | None:
    """The node cannot mount a volume or set up the network."""
    return (
        _with_advice(observation.setup_failure)
        if observation.setup_failure and is_being_set_up(observation.pod)
        else None
    )


def start_is_slow(observation: PodObservation) -> Finding | None:
    """A stage takes long without an error, for example because the model is read from a share that hangs."""
    stage = startup_stage(observation.pod)
    if not stage.is_slow(observation.now):
        return None
    message = f"Pod {observation.name}: {stage.name}, since {stage.since}. To investigate, run {stage.command}"
    return Finding(stage.slow_reason, message)


def starting(observation: PodObservation) -> Finding | None:
    """The pod starts and nothing is wrong."""
    return Finding(Reason.STARTING, f"Pod {observation.name}: {startup_stage(observation.pod).name}.")


Rule = Callable[[PodObservation], Finding | None]

RULES: tuple[Rule, ...] = (
    image_pull_failed,  # what people must resolve precedes what may resolve itself
    container_creation_failed,
    model_is_corrupt,
    model_load_failed,
    container_crashed,
    pod_failed,
    unschedulable,
    setup_failed,
    start_is_slow,
    starting,
)
BEFORE_START: tuple[Rule, ...] = (image_pull_failed, container_creation_failed, unschedulable, setup_failed)


def _with_advice(finding: Finding) -> Finding:
    advice = [text for term, text in VOLUME_ADVICE.items() if term in finding.message]
    return Finding(finding.reason, " ".join([finding.message, *advice]))


def _termination(container: ContainerStatus) -> str:
    terminated = container.terminated
    reason = f" ({terminated['reason']})" if terminated.get("reason", "Error") != "Error" else ""
    message = f" Its termination message: {container.termination_message}" if container.termination_message else ""
    restarts = container.status.get("restartCount", 0)
    return (
        f"{container.title} terminated with exit code {terminated['exitCode']}{reason}, {restarts} restarts.{message}"
    )
