"""The spec of a DiarizationService; its larger parts have modules of their own."""

from typing import Annotated, Literal

from pydantic import Field

from sd_operator.api.compute import Compute
from sd_operator.api.names import Annotations, ImageReference, Labels, ObjectName
from sd_operator.api.network import Network
from sd_operator.api.quantities import Duration
from sd_operator.api.rules import SpecPart, list_map, rule
from sd_operator.api.serving import Serving
from sd_operator.api.source import Model, ModelCache
from sd_operator.resources import COMPONENT_LABEL, INSTANCE_LABEL, MANAGED_BY_LABEL, NAME_LABEL

RESERVED_LABELS = (NAME_LABEL, INSTANCE_LABEL, COMPONENT_LABEL, MANAGED_BY_LABEL, "pod-template-hash")
"""Labels that select the pods of the service and of its Deployment."""


class Autoscaling(SpecPart):
    """The autoscaler that sets `replicas`: none, a HorizontalPodAutoscaler, KEDA, or an external one."""

    mode: Literal["none", "hpa", "keda", "external"] = "none"
    """none: replicas are set manually. hpa: a HorizontalPodAutoscaler; it needs an adapter that serves
    sd_backlog_seconds as an external metric. keda: a ScaledObject; it needs KEDA, which reads the metric from the pods.
    external: another autoscaler sets the scale subresource."""
    min_replicas: Annotated[int, Field(ge=0, le=1000)] = 1
    """Smallest number of replicas."""
    max_replicas: Annotated[int, Field(ge=1, le=1000)] = 4
    """Largest number of replicas."""
    target_wait: Duration = "1m"
    """Target for the device time of each pod's pending requests. The autoscaler adds pods above it."""

    @rule(
        "autoscaling.minReplicas must not be larger than autoscaling.maxReplicas",
        cel="!has(self.minReplicas) || !has(self.maxReplicas) || self.minReplicas <= self.maxReplicas",
    )
    def _bounds_are_in_order(self) -> bool:
        return self.min_replicas <= self.max_replicas

    @rule(
        "autoscaling.minReplicas must be 1 or more: without a pod no metric reports the pending requests",
        cel="!has(self.minReplicas) || self.minReplicas > 0 || self.mode in ['none', 'external']",
    )
    def _at_least_one_pod_reports_metrics(self) -> bool:
        return self.min_replicas > 0 or self.mode in ("none", "external")


class Monitoring(SpecPart):
    """Objects for the Prometheus operator. The chart can install a Grafana dashboard for all services."""

    pod_monitor: bool = False
    """Create a PodMonitor for the metrics of Triton and the engine. Needs the Prometheus operator."""
    alerts: bool = False
    """Create a PrometheusRule with the alerts of the service. Needs the Prometheus operator."""
    labels: Labels = Field(default={})
    """Labels of the PodMonitor and the PrometheusRule, for the selectors of a Prometheus."""


class PodMetadata(SpecPart):
    """Labels and annotations of the pods, in addition to those of the operator."""

    labels: Labels = Field(default={})
    """Labels of the pods."""
    annotations: Annotations = Field(default={})
    """Annotations of the pods."""

    @rule(
        f"podMetadata.labels must not set {', '.join(RESERVED_LABELS)}: these labels select the pods",
        cel=f"!has(self.labels) || !self.labels.exists(name, name in {list(RESERVED_LABELS)})",
    )
    def _reserved_labels_are_not_set(self) -> bool:
        return self.labels.keys().isdisjoint(RESERVED_LABELS)


class Images(SpecPart):
    """Container images of this service. Default: the images of the operator's installation."""

    server: ImageReference | None = None
    """The image of the engine."""
    triton: ImageReference | None = None
    """The image of the Triton Inference Server."""


class ImagePullSecret(SpecPart):
    """A Secret of type kubernetes.io/dockerconfigjson in the service's namespace."""

    name: ObjectName
    """The name of the Secret."""


class DiarizationServiceSpec(SpecPart):
    """The desired state: the model, the limits, the compute resources, the replicas, and the network access."""

    model: Model
    """The model and the mode in which it runs."""
    cache: ModelCache = ModelCache()
    """The claim into which a model from a hub is downloaded, once for all pods. Other sources do not use it."""
    serving: Serving = Serving()
    """Limits of the server. A request that exceeds them is rejected with a message."""
    compute: Compute = Compute()
    """The accelerator, the resources and the nodes of the pods."""
    replicas: Annotated[int, Field(ge=0, le=1000)] = 1
    """Number of pods. 0 pauses the service. Leave it out if an autoscaler sets it."""
    rollout: Literal["Surge", "Recreate"] = "Surge"
    """Surge: start a new pod before an old pod terminates. Without a spare GPU the new pod stays pending, and the old
    pods continue to serve. Recreate: terminate all old pods before new pods start. It needs no spare GPU, and the
    service is unavailable in the meantime."""
    autoscaling: Autoscaling = Autoscaling()
    """The autoscaler that sets `replicas`: none, a HorizontalPodAutoscaler, KEDA, or an external one."""
    network: Network = Network()
    """The network access to the pods."""
    monitoring: Monitoring = Monitoring()
    """Objects for the Prometheus operator. The chart can install a Grafana dashboard for all services."""
    pod_metadata: PodMetadata = PodMetadata()
    """Labels and annotations of the pods, in addition to those of the operator."""
    images: Images = Images()
    """Container images of this service. Default: the images of the operator's installation."""
    image_pull_secrets: list[ImagePullSecret] = Field(default=[], max_length=8, json_schema_extra=list_map("name"))
    """Secrets for pulling the images."""
