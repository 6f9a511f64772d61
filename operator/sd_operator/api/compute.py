"""What the pods run on: the device, the engine's share of a node, and which nodes."""

from typing import Annotated, Literal

from pydantic import Field

from sd_operator.api.affinity import Affinity
from sd_operator.api.names import Labels, ObjectName, ResourceName
from sd_operator.api.placement import SpreadConstraint, Toleration
from sd_operator.api.quantities import Quantity, quantity
from sd_operator.api.rules import SpecPart, map_by, rule


class Gpu(SpecPart):
    """The GPU that each pod's engine asks for; Triton itself sees none."""

    resource: ResourceName = "nvidia.com/gpu"
    """The extended resource of the device plugin, for example nvidia.com/gpu or nvidia.com/mig-1g.10gb."""
    count: Annotated[int, Field(ge=1, le=16)] = 1
    """How many of them each pod gets."""

    @rule(
        "compute.gpu.resource is that of a device plugin, such as nvidia.com/gpu: Kubernetes keeps kubernetes.io/ and "
        "requests. for itself",
        cel="!self.resource.contains('kubernetes.io/') && !self.resource.startsWith('requests.')",
    )
    def _resource_is_a_plugins(self) -> bool:
        return "kubernetes.io/" not in self.resource and not self.resource.startswith("requests.")


Amounts = Annotated[dict[str, Quantity], Field(max_length=3)]


class Resources(SpecPart):
    """CPU, memory and ephemeral storage of the engine, as in a container."""

    requests: Amounts = Field(default={})
    """What the scheduler keeps free for the engine; by default enough for the demo model with nothing to do."""
    limits: Amounts = Field(default={})
    """What the engine may take at most; by default as much as the node has."""

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
        "!isQuantity(string(self.requests[name])) || !isQuantity(string(self.limits[name])) || "
        "quantity(string(self.requests[name])).compareTo(quantity(string(self.limits[name]))) <= 0)",
    )
    def _requests_within_limits(self) -> bool:
        return all(
            quantity(amount) <= quantity(self.limits.get(name, amount)) for name, amount in self.requests.items()
        )


class Compute(SpecPart):
    """What the pods run on."""

    accelerator: Literal["gpu", "cpu"] = "gpu"
    """gpu: the engine asks for a GPU. cpu: it does not, and is some ten times slower."""
    gpu: Gpu | None = None
    """The GPU that each pod's engine asks for; by default one nvidia.com/gpu."""
    resources: Resources = Resources()
    """CPU, memory and ephemeral storage of the engine, as in a container."""
    node_selector: Labels = Field(default={})
    """Labels that a node must have."""
    tolerations: list[Toleration] = Field(default=[], max_length=16)
    """Taints of nodes that the pods tolerate."""
    affinity: Affinity | None = None
    """Nodes to prefer or to demand, and pods to be near or away from, as in a pod."""
    topology_spread_constraints: list[SpreadConstraint] = Field(
        default=[], max_length=8, json_schema_extra=map_by("topologyKey", "whenUnsatisfiable")
    )
    """How evenly the service's pods are spread over zones, nodes, or whatever a label tells apart."""
    priority_class_name: ObjectName | None = None
    """The PriorityClass of the pods; by default the cluster's."""
    runtime_class_name: ObjectName | None = None
    """The RuntimeClass of the pods, for example nvidia; by default the node's runtime."""

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
