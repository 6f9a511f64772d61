"""The Deployment of the pods that serve diarization requests."""

from sd_operator.api.service import DiarizationService
from sd_operator.children import config_map
from sd_operator.children.metadata import labels, metadata, selector
from sd_operator.children.pod import engine_container, placement, security, triton_container, volumes
from sd_operator.children.sizing import grace_period_s
from sd_operator.resources import DEPLOYMENTS, Manifest
from sd_operator.settings import Installation

STRATEGIES: dict[str, Manifest] = {
    "Surge": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
    "Recreate": {"type": "Recreate"},
}


def build(service: DiarizationService, installation: Installation) -> Manifest | None:
    """Return the Deployment with the replicas of the spec, which autoscalers set; None while no model is available."""
    if service.served is None:
        return None
    return {
        "apiVersion": DEPLOYMENTS.api_version,
        "kind": DEPLOYMENTS.kind,
        "metadata": metadata(service),
        "spec": {
            "replicas": service.spec.replicas,
            "revisionHistoryLimit": 2,
            "strategy": STRATEGIES[service.spec.rollout],
            "selector": {"matchLabels": selector(service)},
            "template": {"metadata": _pod_metadata(service), "spec": _pod(service, installation)},
        },
    }


def _pod_metadata(service: DiarizationService) -> Manifest:
    pod_metadata = service.spec.pod_metadata
    return {
        "labels": pod_metadata.labels | labels(service),
        "annotations": pod_metadata.annotations | {config_map.SETTINGS_ANNOTATION: config_map.name(service)},
    }


def _pod(service: DiarizationService, installation: Installation) -> Manifest:
    pull_secrets = [{"name": secret.name} for secret in service.spec.image_pull_secrets]
    return {
        "serviceAccountName": service.name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": security.POD,
        "terminationGracePeriodSeconds": grace_period_s(service.spec),
        "initContainers": [engine_container.build(service, installation)],
        "containers": [triton_container.build(service, installation)],
        "volumes": volumes.build(service),
        **placement.serving_pod_fields(service),
        **({"imagePullSecrets": pull_secrets} if pull_secrets else {}),
    }
