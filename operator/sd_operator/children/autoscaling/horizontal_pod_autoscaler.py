"""The HorizontalPodAutoscaler, for clusters in which an adapter serves Prometheus's metrics as external ones."""

from sd_operator.api.service import DiarizationService
from sd_operator.children.autoscaling import scaling
from sd_operator.children.metadata import metadata
from sd_operator.resources import HORIZONTAL_POD_AUTOSCALERS, Manifest
from sd_operator.settings import Installation

PENDING = "nv_inference_pending_request_count"
"""Requests in Triton's own queue: there are some only while every adapter of a pod is busy."""


def build(service: DiarizationService, _installation: Installation) -> Manifest | None:
    """Scales the service itself; the larger of the two metrics' answers wins."""
    if not scaling.drives("hpa", service):
        return None
    return {
        "apiVersion": HORIZONTAL_POD_AUTOSCALERS.api_version,
        "kind": HORIZONTAL_POD_AUTOSCALERS.kind,
        "metadata": metadata(service),
        "spec": {
            "scaleTargetRef": scaling.target(service),
            "minReplicas": service.spec.autoscaling.min_replicas,
            "maxReplicas": service.spec.autoscaling.max_replicas,
            "metrics": [
                _external(service, scaling.BACKLOG, scaling.target_wait_s(service)),
                # For requests of which nothing is known yet: as many as a pod takes at a time are one more pod's work.
                _external(service, PENDING, service.spec.serving.adapters),
            ],
            "behavior": scaling.behaviour(service),
        },
    }


def _external(service: DiarizationService, name: str, for_each_pod: int) -> Manifest:
    """A sum over all pods, which the autoscaler divides by what one pod may have.

    The adapter asks within the service's namespace anyway; the label says the same to one that does not.
    """
    selector = {"namespace": service.namespace, "service": service.name}
    return {
        "type": "External",
        "external": {
            "metric": {"name": name, "selector": {"matchLabels": selector}},
            "target": {"type": "AverageValue", "averageValue": str(for_each_pod)},
        },
    }
