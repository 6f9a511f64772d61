"""The HorizontalPodAutoscaler, for clusters with an adapter that serves Prometheus metrics as external metrics."""

from sd_operator.api.service import DiarizationService
from sd_operator.children.autoscaling import scaling_policy
from sd_operator.children.metadata import metadata
from sd_operator.resources import HORIZONTAL_POD_AUTOSCALERS, Manifest
from sd_operator.settings import Installation

PENDING_METRIC = "nv_inference_pending_request_count"
"""The requests in Triton's own queue, which fills only while every adapter of a pod is busy."""


def build(service: DiarizationService, _installation: Installation) -> Manifest | None:
    """Return the autoscaler of mode `hpa`; it applies the larger of the replica counts of its two metrics."""
    if not scaling_policy.is_enabled("hpa", service):
        return None
    return {
        "apiVersion": HORIZONTAL_POD_AUTOSCALERS.api_version,
        "kind": HORIZONTAL_POD_AUTOSCALERS.kind,
        "metadata": metadata(service),
        "spec": {
            "scaleTargetRef": scaling_policy.target(service),
            "minReplicas": service.spec.autoscaling.min_replicas,
            "maxReplicas": service.spec.autoscaling.max_replicas,
            "metrics": [
                _external(service, scaling_policy.BACKLOG_METRIC, scaling_policy.target_wait_s(service)),
                # The duration of queued requests is unknown; one more pod is added for each `adapters` requests.
                _external(service, PENDING_METRIC, service.spec.serving.adapters),
            ],
            "behavior": scaling_policy.behavior(service),
        },
    }


def _external(service: DiarizationService, name: str, target_per_pod: int) -> Manifest:
    """Return an external metric: the autoscaler divides the sum over all pods by the target per pod.

    Metrics adapters query within the service's namespace; the namespace label covers those that do not.
    """
    selector = {"namespace": service.namespace, "service": service.name}
    return {
        "type": "External",
        "external": {
            "metric": {"name": name, "selector": {"matchLabels": selector}},
            "target": {"type": "AverageValue", "averageValue": str(target_per_pod)},
        },
    }
