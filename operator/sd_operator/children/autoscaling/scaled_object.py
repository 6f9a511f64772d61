"""The ScaledObject, by which KEDA asks the pods themselves how much work waits: no Prometheus is needed."""

from sd_operator.api.service import DiarizationService
from sd_operator.children import headless_service
from sd_operator.children.autoscaling import scaling
from sd_operator.children.metadata import metadata, name
from sd_operator.resources import ENGINE_PORT, SCALED_OBJECTS, Manifest
from sd_operator.settings import Installation

POLL_S = 15


def build(service: DiarizationService, _installation: Installation) -> Manifest | None:
    """Scales the service itself. While no pod answers, no pod is taken away."""
    if not scaling.drives("keda", service):
        return None
    bounds = service.spec.autoscaling
    return {
        "apiVersion": SCALED_OBJECTS.api_version,
        "kind": SCALED_OBJECTS.kind,
        "metadata": metadata(service),
        "spec": {
            "scaleTargetRef": scaling.target(service),
            "minReplicaCount": bounds.min_replicas,
            "maxReplicaCount": bounds.max_replicas,
            "pollingInterval": POLL_S,
            "fallback": {
                "failureThreshold": 3,
                "replicas": bounds.min_replicas,
                "behavior": "currentReplicasIfHigher",
            },
            "advanced": {"horizontalPodAutoscalerConfig": {"behavior": scaling.behaviour(service)}},
            "triggers": [_trigger(service)],
        },
    }


def _trigger(service: DiarizationService) -> Manifest:
    """The sum over the pods behind the headless Service; KEDA takes Service and namespace from the URL's host."""
    host = f"{name(service, headless_service.ENDING)}.{service.namespace}.svc"
    return {
        "type": "metrics-api",
        "metricType": "AverageValue",
        "metadata": {
            "url": f"http://{host}:{ENGINE_PORT}/metrics",
            "format": "prometheus",
            "valueLocation": scaling.BACKLOG,
            "targetValue": str(scaling.target_wait_s(service)),
            "aggregateFromKubeServiceEndpoints": "true",
            "aggregationType": "sum",
        },
    }
