"""The volumes of a pod and their mounts in its two containers."""

from pathlib import PurePosixPath

from sd_operator.api.service import DiarizationService
from sd_operator.children.sizing import shared_memory_mib
from sd_operator.resources import Manifest

RUN_DIR = "/run/sd"
MODEL_MOUNT = "/model"


def build(service: DiarizationService) -> list[Manifest]:
    """Return the volumes of a pod that serves requests."""
    return [
        {"name": "run", "emptyDir": {"sizeLimit": "64Mi"}},
        {"name": "engine-tmp", "emptyDir": {"sizeLimit": "2Gi"}},
        {"name": "triton-tmp", "emptyDir": {"sizeLimit": "2Gi"}},
        # Usage counts as memory of the triton container; its memory request includes the whole size.
        {"name": "dshm", "emptyDir": {"medium": "Memory", "sizeLimit": f"{shared_memory_mib(service.spec.serving)}Mi"}},
        *_model_volumes(service),
    ]


def _model_volumes(service: DiarizationService) -> list[Manifest]:
    served = service.served
    if served is None or not (served.claim_name or served.image):
        return []
    return [claim_volume(served.claim_name) if served.claim_name else image_volume(served.image or "")]


def claim_volume(name: str) -> Manifest:
    """Return the model volume of a claim."""
    return {"name": "model", "persistentVolumeClaim": {"claimName": name}}


def image_volume(reference: str) -> Manifest:
    """Return the model volume of an OCI image."""
    return {"name": "model", "image": {"reference": reference, "pullPolicy": "IfNotPresent"}}


def engine_mounts(service: DiarizationService) -> list[Manifest]:
    """Return the engine's mounts: the directory it shares with Triton, /tmp, and the model."""
    model = {"name": "model", "mountPath": MODEL_MOUNT, "readOnly": True}
    return [
        {"name": "run", "mountPath": RUN_DIR},
        {"name": "engine-tmp", "mountPath": "/tmp"},  # noqa: S108 - a path in the pod
        *([model] if _model_volumes(service) else []),
    ]


def triton_mounts() -> list[Manifest]:
    """Return Triton's mounts: the directory it shares with the engine, /tmp, and shared memory for its adapters."""
    return [
        {"name": "run", "mountPath": RUN_DIR},
        {"name": "triton-tmp", "mountPath": "/tmp"},  # noqa: S108 - a path in the pod
        {"name": "dshm", "mountPath": "/dev/shm"},  # noqa: S108 - a path in the pod
    ]


def model_dir(service: DiarizationService) -> str | None:
    """Return the pipeline's directory in the engine container; None for the demo model, which is in the image."""
    served = service.served
    return str(PurePosixPath(MODEL_MOUNT, served.path or "")) if served and _model_volumes(service) else None
