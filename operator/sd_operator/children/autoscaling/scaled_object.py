"""The ScaledObject: KEDA reads the backlog from the pods themselves and needs no Prometheus."""

from sd_operator.api.service import DiarizationService
from sd_operator.children import headless_service
from sd_operator.children.autoscaling import scaling_policy
from sd_operator.children.metadata import metadata, name
from sd_operator.resources import ENGINE_PORT, SCALED_OBJECTS, Manifest
from sd_operator.settings import Installation

POLLING_INTERVAL_S = 15


def build(service: DiarizationService, _installation: Installation) -> Manifest | None:
    """Return the ScaledObject of mode `keda`; while no pod answers, it removes no pod."""
    if not scaling_policy.is_enabled("keda", service):
        return None
    bounds = service.spec.autoscaling
    return {
        "apiVersion": SCALED_OBJECTS.api_version,
        "kind": SCALED_OBJECTS.kind,
        "metadata": metadata(service),
        "spec": {
            "scaleTargetRef": scaling_policy.target(service),
            "minReplicaCount": bounds.min_replicas,
            "maxReplicaCount": bounds.max_replicas,
            "pollingInterval": POLLING_INTERVAL_S,
            "fallback": {
                "failureThreshold": 3,
                "replicas": bounds.min_replicas,
                "behavior": "currentReplicasIfHigher",
            },
            "advanced": {"horizontalPodAutoscalerConfig": {"behavior": scaling_policy.behavior(service)}},
            "triggers": [_trigger(service)],
        },
    }


def _trigger(service: DiarizationService) -> Manifest:
    """Return a trigger on the sum over the headless Service's pods; KEDA parses Service and namespace from the URL."""
    host = f"{name(service, headless_service.SUFFIX)}.{service.namespace}.svc"
    return {
        "type": "metrics-api",
        "metricType": "AverageValue",
        "metadata": {
            "url": f"http://{host}:{ENGINE_PORT}/metrics",
            "format": "prometheus",
            "valueLocation": scaling_policy.BACKLOG_METRIC,
            "targetValue": str(scaling_policy.target_wait_s(service)),
            "aggregateFromKubeServiceEndpoints": "true",
            "aggregationType": "sum",
        },
    }
