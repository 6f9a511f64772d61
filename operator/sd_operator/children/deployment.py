"""The Deployment of the pods that diarize."""

from sd_operator.api.service import DiarizationService
from sd_operator.children import engine, security, triton, volumes
from sd_operator.children.limits import grace_period_s
from sd_operator.children.metadata import labels, metadata, selector
from sd_operator.settings import ServingImages
from sd_operator.vocabulary import Manifest

STRATEGIES: dict[str, Manifest] = {
    "Surge": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
    "Recreate": {"type": "Recreate"},
}


def build(service: DiarizationService, images: ServingImages) -> Manifest:
    """As many pods as the resource asks for: whoever scales, scales the resource."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(service),
        "spec": {
            "replicas": service.spec.replicas,
            "revisionHistoryLimit": 2,
            "strategy": STRATEGIES[service.spec.rollout],
            "selector": {"matchLabels": selector(service)},
            "template": {"metadata": {"labels": labels(service)}, "spec": _pod(service, images)},
        },
    }


def _pod(service: DiarizationService, images: ServingImages) -> Manifest:
    return {
        "serviceAccountName": service.name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": security.POD,
        "terminationGracePeriodSeconds": grace_period_s(service.spec.serving, service.spec.compute),
        "initContainers": [engine.build(service, images)],
        "containers": [triton.build(service, images)],
        "volumes": volumes.build(service),
        **_placement(service),
    }


def _placement(service: DiarizationService) -> Manifest:
    """Where the pods may run and how their images are pulled; what is not asked for is left out."""
    spec = service.spec
    placement: Manifest = {
        "nodeSelector": spec.compute.node_selector,
        "tolerations": [taint.model_dump(by_alias=True, exclude_defaults=True) for taint in spec.compute.tolerations],
        "imagePullSecrets": [secret.model_dump() for secret in spec.image_pull_secrets],
    }
    return {name: wanted for name, wanted in placement.items() if wanted}
