"""The spec of a DiarizationService: every field that the operator acts on, with its default and its bounds."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from sd_operator.api.amounts import Duration, ImageReference, ObjectName, Quantity, RequestSize, quantity, seconds
from sd_operator.api.rules import Part, map_by, rule

LabelValue = Annotated[str, StringConstraints(max_length=63)]
QualifiedName = Annotated[str, StringConstraints(max_length=317)]
AnnotationValue = Annotated[str, StringConstraints(max_length=4096)]
Port = Annotated[int, Field(ge=1, le=65535)]
BatchSize = Annotated[int, Field(ge=1, le=64)]
ResourceName = Annotated[str, StringConstraints(max_length=253, pattern=r"^[a-z0-9.-]+/[A-Za-z0-9._-]+$")]


class Demo(Part):
    """The small model inside the image: no account, no download. For trying and testing, not for real recordings."""


class PersistentVolumeClaim(Part):
    """A claim in the service's namespace that holds a pyannote pipeline directory; it is mounted read-only."""

    claim_name: ObjectName
    """The claim's name."""
    path: Annotated[str, StringConstraints(max_length=256)] = ""
    """The pipeline's directory inside the claim; empty for the claim's root."""

    @rule(
        "path lies inside the claim: it does not start with '/' and holds no '..'",
        cel="!has(self.path) || (!self.path.startsWith('/') && !self.path.split('/').exists(part, part == '..'))",
    )
    def _path_is_inside(self) -> bool:
        return not self.path.startswith("/") and ".." not in self.path.split("/")


class Source(Part):
    """Where the model comes from: exactly one of the fields."""

    demo: Demo | None = None
    persistent_volume_claim: PersistentVolumeClaim | None = None

    @rule(
        "give exactly one model source: demo or persistentVolumeClaim",
        cel="[has(self.demo), has(self.persistentVolumeClaim)].filter(given, given).size() == 1",
    )
    def _exactly_one(self) -> bool:
        return [self.demo, self.persistent_volume_claim].count(None) == 1

    def describe(self) -> str:
        """The source in one word or two, for people."""
        claim = self.persistent_volume_claim
        return (
            "demo" if claim is None else "/".join(filter(None, ("persistentVolumeClaim", claim.claim_name, claim.path)))
        )


class Model(Part):
    """Which model diarizes, and how it is run."""

    source: Source
    mode: Literal["exact", "fast", "reference"] = "exact"
    """exact: the same segments as pyannote.audio at a fraction of its cost. fast: nearly the same, for much less.
    reference: pyannote.audio's own pipeline, untouched; what the other two do not know runs like this, too."""


class Serving(Part):
    """Limits of the server. A request beyond them is refused with a sentence."""

    adapters: Annotated[int, Field(ge=1, le=64)] = 16
    """Requests (or batches) that Triton hands to the engine at the same time."""
    max_batch_size: BatchSize = 16
    """Requests that Triton may hand over as one batch when every adapter is busy."""
    preferred_batch_sizes: Annotated[list[BatchSize], Field(min_length=1, max_length=16)] | None = None
    """Batch sizes that Triton prefers; by default the powers of two up to maxBatchSize."""
    max_audio_duration: Duration = "4h"
    """Length of the longest recording that is accepted."""
    max_request_bytes: RequestSize = "64Mi"
    """Size of the largest recording that is accepted, before base64. /dev/shm is sized from it."""
    max_queued_audio: Duration = "8h"
    """Audio that one engine holds at most, waiting or being worked on. A pod that ends has the time to finish it."""
    log_verbosity: Annotated[int, Field(ge=0, le=1)] = 0
    """0: what happened; 1: also what Triton does with each request."""

    @rule(
        "preferredBatchSizes must not be larger than maxBatchSize",
        cel="!has(self.preferredBatchSizes) || self.preferredBatchSizes.all(size, size <= self.maxBatchSize)",
    )
    def _batches_fit(self) -> bool:
        return all(size <= self.max_batch_size for size in self.batch_sizes())

    @rule(
        "maxQueuedAudio must be at least maxAudioDuration, or the longest recording would never be accepted",
        cel="!has(self.maxQueuedAudio) || !has(self.maxAudioDuration) || "
        "duration(self.maxQueuedAudio) >= duration(self.maxAudioDuration)",
    )
    def _longest_recording_fits(self) -> bool:
        return seconds(self.max_queued_audio) >= seconds(self.max_audio_duration)

    def batch_sizes(self) -> list[int]:
        """The preferred batch sizes, worked out where none are given."""
        powers = (2**power for power in range(7))
        return self.preferred_batch_sizes or [size for size in powers if size <= self.max_batch_size]


class Gpu(Part):
    """The GPU that each pod's engine asks for."""

    resource: ResourceName = "nvidia.com/gpu"
    """The extended resource of the device plugin, for example nvidia.com/gpu or nvidia.com/mig-1g.10gb."""
    count: Annotated[int, Field(ge=1, le=16)] = 1


Amounts = dict[QualifiedName, Quantity]


class Resources(Part):
    """CPU, memory and ephemeral storage of the engine, as in a container."""

    requests: Amounts = Field(default={}, max_length=3)
    limits: Amounts = Field(default={}, max_length=3)

    @rule(
        "resources holds cpu, memory and ephemeral-storage only; GPUs are asked for under compute.gpu",
        cel="[self.?requests.orValue({}), self.?limits.orValue({})]"
        ".all(amounts, amounts.all(name, name in ['cpu', 'memory', 'ephemeral-storage']))",
    )
    def _known_resources(self) -> bool:
        return {*self.requests, *self.limits} <= {"cpu", "memory", "ephemeral-storage"}

    @rule(
        "a request must not be larger than the limit of the same name",
        cel="!has(self.requests) || !has(self.limits) || self.requests.all(name, !(name in self.limits) || "
        "quantity(string(self.requests[name])).compareTo(quantity(string(self.limits[name]))) <= 0)",
    )
    def _requests_within_limits(self) -> bool:
        return all(
            quantity(amount) <= quantity(self.limits.get(name, amount)) for name, amount in self.requests.items()
        )


class Toleration(Part):
    """A taint that the pods tolerate, as in a pod."""

    key: QualifiedName = ""
    operator: Literal["Equal", "Exists"] = "Equal"
    value: LabelValue = ""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    toleration_seconds: Annotated[int, Field(ge=0)] | None = None


class Compute(Part):
    """What the pods run on."""

    accelerator: Literal["gpu", "cpu"] = "gpu"
    gpu: Gpu | None = None
    """The GPU of each pod; by default one nvidia.com/gpu."""
    resources: Resources = Resources()
    node_selector: dict[QualifiedName, LabelValue] = Field(default={}, max_length=16)
    tolerations: list[Toleration] = Field(default=[], max_length=16)

    @rule(
        "compute.gpu belongs to accelerator gpu; leave it out for accelerator cpu",
        cel="!has(self.gpu) || self.accelerator == 'gpu'",
    )
    def _gpu_only_on_gpu(self) -> bool:
        return self.accelerator == "gpu" or self.gpu is None

    def gpu_limits(self) -> dict[str, str]:
        """The GPU as a container's resource limit; empty on a CPU."""
        gpu = self.gpu or Gpu()
        return {gpu.resource: str(gpu.count)} if self.accelerator == "gpu" else {}


class NodePorts(Part):
    """Fixed ports on every node; a port that is left out is chosen by the cluster."""

    http: Port | None = None
    grpc: Port | None = None
    metrics: Port | None = None
    engine_metrics: Port | None = None


class NetworkService(Part):
    """The Kubernetes Service in front of the pods."""

    type: Literal["ClusterIP", "NodePort", "LoadBalancer"] = "ClusterIP"
    annotations: dict[QualifiedName, AnnotationValue] = Field(default={}, max_length=32)
    node_ports: NodePorts | None = None

    @rule(
        "nodePorts belongs to type NodePort or LoadBalancer",
        cel="!has(self.nodePorts) || self.type != 'ClusterIP'",
    )
    def _node_ports_only_on_nodes(self) -> bool:
        return self.type != "ClusterIP" or self.node_ports is None


class Network(Part):
    """How callers reach the pods."""

    service: NetworkService = NetworkService()


class Images(Part):
    """Container images of this service; by default those that the operator was installed with."""

    server: ImageReference | None = None
    """The engine's image."""
    triton: ImageReference | None = None
    """The Triton Inference Server."""


class ImagePullSecret(Part):
    """A Secret of type dockerconfigjson in the service's namespace."""

    name: ObjectName


class DiarizationServiceSpec(Part):
    """What a person asks for: which model, with which limits, on what, how many, and how it is reached."""

    model: Model
    serving: Serving = Serving()
    compute: Compute = Compute()
    replicas: Annotated[int, Field(ge=0, le=1000)] = 1
    """Pods that serve. 0 pauses the service. Leave it out where something else scales."""
    rollout: Literal["Surge", "Recreate"] = "Surge"
    """Surge: a new pod serves before an old one ends. Recreate: old pods end first, where there is no spare GPU."""
    network: Network = Network()
    images: Images = Images()
    image_pull_secrets: list[ImagePullSecret] = Field(default=[], max_length=8, json_schema_extra=map_by("name"))
