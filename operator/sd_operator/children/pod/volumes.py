"""The pod's volumes and where its two containers mount them."""

from pathlib import PurePosixPath

from sd_operator.api.service import DiarizationService
from sd_operator.children.sizing import shared_memory_mib
from sd_operator.resources import Manifest

RUN_DIR = "/run/sd"
MODEL_MOUNT = "/model"


def build(service: DiarizationService) -> list[Manifest]:
    """The volumes themselves."""
    return [
        {"name": "run", "emptyDir": {"sizeLimit": "64Mi"}},
        {"name": "engine-tmp", "emptyDir": {"sizeLimit": "2Gi"}},
        {"name": "triton-tmp", "emptyDir": {"sizeLimit": "2Gi"}},
        # What is used counts as the memory of the triton container, whose request holds all of it.
        {"name": "dshm", "emptyDir": {"medium": "Memory", "sizeLimit": f"{shared_memory_mib(service.spec.serving)}Mi"}},
        *_model(service),
    ]


def _model(service: DiarizationService) -> list[Manifest]:
    served = service.served
    if served is None or not (served.claim_name or served.image):
        return []
    return [of_claim(served.claim_name) if served.claim_name else of_image(served.image or "")]


def of_claim(name: str) -> Manifest:
    """The volume of a claim with models."""
    return {"name": "model", "persistentVolumeClaim": {"claimName": name}}


def of_image(reference: str) -> Manifest:
    """The volume of an image with a model."""
    return {"name": "model", "image": {"reference": reference, "pullPolicy": "IfNotPresent"}}


def engine_mounts(service: DiarizationService) -> list[Manifest]:
    """What the engine sees: the meeting place with Triton, its own /tmp, the model."""
    model = {"name": "model", "mountPath": MODEL_MOUNT, "readOnly": True}
    return [
        {"name": "run", "mountPath": RUN_DIR},
        {"name": "engine-tmp", "mountPath": "/tmp"},  # noqa: S108 - a path in the pod
        *([model] if _model(service) else []),
    ]


def triton_mounts() -> list[Manifest]:
    """What Triton sees: the meeting place with the engine, its own /tmp, shared memory for its adapters."""
    return [
        {"name": "run", "mountPath": RUN_DIR},
        {"name": "triton-tmp", "mountPath": "/tmp"},  # noqa: S108 - a path in the pod
        {"name": "dshm", "mountPath": "/dev/shm"},  # noqa: S108 - a path in the pod
    ]


def model_dir(service: DiarizationService) -> str | None:
    """The pipeline's directory as the engine sees it; None for the demo model, which its image holds."""
    served = service.served
    return str(PurePosixPath(MODEL_MOUNT, served.path or "")) if served and _model(service) else None
