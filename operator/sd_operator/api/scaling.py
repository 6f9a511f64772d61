"""Who decides how many pods there are."""

from typing import Annotated, Literal

from pydantic import Field

from sd_operator.api.quantities import Duration
from sd_operator.api.rules import SpecPart, rule


class Autoscaling(SpecPart):
    """Who sets `replicas`: nobody, the cluster's HorizontalPodAutoscaler, KEDA, or something of your own."""

    mode: Literal["none", "hpa", "keda", "external"] = "none"
    """none: people set replicas. hpa: needs an adapter that serves sd_backlog_seconds as an external metric.
    keda: needs KEDA, which asks the pods itself. external: something of your own sets the scale subresource."""
    min_replicas: Annotated[int, Field(ge=0, le=1000)] = 1
    """Pods that stay when there is nothing to do."""
    max_replicas: Annotated[int, Field(ge=1, le=1000)] = 4
    """Pods that there are at most."""
    target_wait: Duration = "1m"
    """How long the work that waits may take each pod; above it pods are added."""

    @rule(
        "autoscaling.minReplicas must not be larger than autoscaling.maxReplicas",
        cel="!has(self.minReplicas) || !has(self.maxReplicas) || self.minReplicas <= self.maxReplicas",
    )
    def _bounds_are_in_order(self) -> bool:
        return self.min_replicas <= self.max_replicas

    @rule(
        "autoscaling.minReplicas must be 1 or more: with no pod left nothing would report the work that waits",
        cel="!has(self.minReplicas) || self.minReplicas > 0 || self.mode in ['none', 'external']",
    )
    def _one_pod_stays(self) -> bool:
        return self.min_replicas > 0 or self.mode in ("none", "external")
