"""The compute resources of the pods: the accelerator, the engine's CPU and memory, and the nodes."""

from typing import Annotated, Literal

from pydantic import Field

from sd_operator.api.names import Labels, ObjectName, ResourceName
from sd_operator.api.placement import Affinity, SpreadConstraint, Toleration
from sd_operator.api.quantities import Quantity, quantity
from sd_operator.api.rules import SpecPart, list_map, rule


class Gpu(SpecPart):
    """The GPUs of each pod's engine. Triton uses none."""

    resource: ResourceName = "nvidia.com/gpu"
    """The extended resource of the device plugin, for example nvidia.com/gpu or nvidia.com/mig-1g.10gb."""
    count: Annotated[int, Field(ge=1, le=16)] = 1
    """Number of these devices for each pod."""

    @rule(
        "compute.gpu.resource must be the resource of a device plugin, such as nvidia.com/gpu: kubernetes.io/ and "
        "requests. are reserved by Kubernetes",
        cel="!self.resource.contains('kubernetes.io/') && !self.resource.startsWith('requests.')",
    )
    def _resource_is_not_reserved(self) -> bool:
        return "kubernetes.io/" not in self.resource and not self.resource.startswith("requests.")


ResourceAmounts = Annotated[dict[str, Quantity], Field(max_length=3)]


class Resources(SpecPart):
    """CPU, memory and ephemeral storage of the engine, as in a container."""

    requests: ResourceAmounts = Field(default={})
    """Resources that the scheduler reserves for the engine. Default: enough for an idle engine with the demo model."""
    limits: ResourceAmounts = Field(default={})
    """Largest amounts that the engine can use. Default: no limit."""

    @rule(
        "resources must contain only cpu, memory and ephemeral-storage; request GPUs with compute.gpu",
        cel="[self.?requests.orValue({}), self.?limits.orValue({})]"
        ".all(amounts, amounts.all(name, name in ['cpu', 'memory', 'ephemeral-storage']))",
    )
    def _resources_are_known(self) -> bool:
        return {*self.requests, *self.limits} <= {"cpu", "memory", "ephemeral-storage"}

    @rule(
        "a request must not be larger than the limit of the same resource",
        cel="!has(self.requests) || !has(self.limits) || self.requests.all(name, !(name in self.limits) || "
        "!isQuantity(string(self.requests[name])) || !isQuantity(string(self.limits[name])) || "
        "quantity(string(self.requests[name])).compareTo(quantity(string(self.limits[name]))) <= 0)",
    )
    def _requests_are_within_limits(self) -> bool:
        return all(
            quantity(amount) <= quantity(self.limits.get(name, amount)) for name, amount in self.requests.items()
        )


class Compute(SpecPart):
    """The accelerator, the resources and the nodes of the pods."""

    accelerator: Literal["gpu", "cpu"] = "gpu"
    """gpu: the engine runs on a GPU. cpu: the engine runs on the CPU, about ten times slower."""
    gpu: Gpu | None = None
    """The GPUs of each pod's engine. Default: one nvidia.com/gpu."""
    resources: Resources = Resources()
    """CPU, memory and ephemeral storage of the engine, as in a container."""
    node_selector: Labels = Field(default={})
    """Labels that a node must have."""
    tolerations: list[Toleration] = Field(default=[], max_length=16)
    """Taints of nodes that the pods tolerate."""
    affinity: Affinity | None = None
    """Required and preferred nodes, and affinity and anti-affinity to other pods, as in a pod."""
    topology_spread_constraints: list[SpreadConstraint] = Field(
        default=[], max_length=8, json_schema_extra=list_map("topologyKey", "whenUnsatisfiable")
    )
    """Even distribution of the service's pods over zones, nodes or other topology domains."""
    priority_class_name: ObjectName | None = None
    """The PriorityClass of the pods. Default: the cluster's default."""
    runtime_class_name: ObjectName | None = None
    """The RuntimeClass of the pods, for example nvidia. Default: the default runtime of the node."""

    @rule(
        "compute.gpu must not be set with accelerator cpu",
        cel="!has(self.gpu) || self.accelerator == 'gpu'",
    )
    def _gpu_only_with_accelerator_gpu(self) -> bool:
        return self.accelerator == "gpu" or self.gpu is None

    def gpu_limits(self) -> dict[str, str]:
        """Return the GPUs as a container's resource limits; empty for accelerator cpu."""
        gpu = self.gpu or Gpu()
        return {gpu.resource: str(gpu.count)} if self.accelerator == "gpu" else {}
