"""Objects as an API server returns them, for tests without an API server."""

from dataclasses import replace
from typing import Any

from sd_operator.api.service import DiarizationService
from sd_operator.api.source import Demo, HuggingFace, Image, PersistentVolumeClaim
from sd_operator.api.status import ServedModel
from sd_operator.resources import DIARIZATION_SERVICES, FIELD_MANAGER, Manifest
from sd_operator.settings import Installation

UID = "11111111-2222-3333-4444-555555555555"
COMMIT = "c0ffee" * 6 + "c0ff"
MODEL_DIGEST = "sha256:" + "89abcdef" * 8
INSTALLATION = Installation(
    server_image="sd-triton-server:1",
    triton_image="nvcr.io/nvidia/tritonserver:26.07-py3",
    metrics_namespaces=("keda", "monitoring"),
)


def resource(spec: dict[str, Any], name: str = "demo", **metadata: Any) -> Manifest:
    """Return a DiarizationService as the API server returns it."""
    return {
        "apiVersion": DIARIZATION_SERVICES.api_version,
        "kind": DIARIZATION_SERVICES.kind,
        "metadata": {
            "name": name,
            "namespace": "default",
            "uid": UID,
            "generation": 1,
            "resourceVersion": "1",
            **metadata,
        },
        "spec": spec,
    }


def service(spec: dict[str, Any], name: str = "demo") -> DiarizationService:
    """Return the parsed DiarizationService that serves its desired model."""
    return with_model(DiarizationService.parse(resource(spec, name)))


def with_model(service: DiarizationService) -> DiarizationService:
    """Return the service after its model Job has succeeded."""
    source = service.source
    if isinstance(source, Demo):
        return service
    location = {"claim_name": service.model_claim, "image": None, "path": None}
    match source:
        case HuggingFace():
            location["path"] = f"{source.pipeline.replace('/', '--')}/{COMMIT}"
        case PersistentVolumeClaim():
            location["path"] = source.path or None
        case Image():
            location |= {"image": source.reference, "path": source.path or None}
    pinned = ServedModel(
        source=source.describe(), mode=service.spec.model.mode, digest=source.digest or MODEL_DIGEST, **location
    )
    if isinstance(source, HuggingFace):
        pinned = pinned.model_copy(update={"pipeline": source.pipeline, "revision": COMMIT})
    return replace(service, served=pinned)


def live(manifest: Manifest, version: int = 1, **metadata: Any) -> Manifest:
    """Return an applied manifest with the metadata that the API server adds."""
    server_metadata = {"uid": f"uid-{manifest['kind']}", "resourceVersion": str(version), "generation": 1}
    return manifest | {"metadata": manifest["metadata"] | server_metadata | metadata}


def deployment(desired_replicas: int, **status: Any) -> Manifest:
    """Return a Deployment with a status."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "demo", "namespace": "default", "uid": "uid-d", "generation": 2, "resourceVersion": "1"},
        "spec": {"replicas": desired_replicas},
        "status": {"observedGeneration": 2, **status},
    }


def pod(name: str = "demo-1", version: int = 1, *, created: str = "2026-01-01T00:00:00Z", **status: Any) -> Manifest:
    """Return a pod of the service with a status."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "default",
            "uid": f"uid-{name}",
            "resourceVersion": str(version),
            "creationTimestamp": created,
            "labels": {
                "app.kubernetes.io/instance": "demo",
                "app.kubernetes.io/managed-by": FIELD_MANAGER,
            },
        },
        "spec": {"containers": []},
        "status": status,
    }
