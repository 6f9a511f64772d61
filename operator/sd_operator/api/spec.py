"""The spec of a DiarizationService: its parts, each in a module of its own."""

from typing import Annotated, Literal

from pydantic import Field

from sd_operator.api.cache import Cache
from sd_operator.api.compute import Compute
from sd_operator.api.monitoring import Monitoring
from sd_operator.api.network import Network
from sd_operator.api.pods import ImagePullSecret, Images, PodMetadata
from sd_operator.api.rules import SpecPart, map_by
from sd_operator.api.scaling import Autoscaling
from sd_operator.api.serving import Serving
from sd_operator.api.source import Model


class DiarizationServiceSpec(SpecPart):
    """What a person asks for: which model, with which limits, on what, how many, and how it is reached."""

    model: Model
    """Which model diarizes, and how it is run."""
    cache: Cache = Cache()
    """The claim into which a model from a hub is downloaded, once for all pods; other sources need none."""
    serving: Serving = Serving()
    """Limits of the server. A request beyond them is refused with a sentence."""
    compute: Compute = Compute()
    """What the pods run on."""
    replicas: Annotated[int, Field(ge=0, le=1000)] = 1
    """Pods that serve. 0 pauses the service. Leave it out where something else scales."""
    rollout: Literal["Surge", "Recreate"] = "Surge"
    """Surge: a new pod serves before an old one ends. Where all GPUs are taken it waits for one, and the old pods serve
    on. Recreate: all old pods end before new ones start; it needs no spare GPU, and meanwhile nobody serves."""
    autoscaling: Autoscaling = Autoscaling()
    """Who sets `replicas`: nobody, the cluster's HorizontalPodAutoscaler, KEDA, or something of your own."""
    network: Network = Network()
    """How callers reach the pods."""
    monitoring: Monitoring = Monitoring()
    """What is made for Prometheus and Grafana."""
    pod_metadata: PodMetadata = PodMetadata()
    """Labels and annotations of the pods, beside the operator's own."""
    images: Images = Images()
    """Container images of this service; by default those that the operator was installed with."""
    image_pull_secrets: list[ImagePullSecret] = Field(default=[], max_length=8, json_schema_extra=map_by("name"))
    """Secrets with which the images are pulled."""
