"""Names, labels and owner references of the children."""

from sd_operator.api.service import DiarizationService
from sd_operator.resources import (
    COMPONENT_LABEL,
    DIARIZATION_SERVICES,
    FIELD_MANAGER,
    INSTANCE_LABEL,
    MANAGED_BY_LABEL,
    NAME_LABEL,
    SERVER_COMPONENT,
    Manifest,
)


def selector(service: DiarizationService) -> dict[str, str]:
    """Return the labels that select the service's pods. They must not change: a Deployment's selector is immutable."""
    return {NAME_LABEL: "sd-triton", INSTANCE_LABEL: service.name, COMPONENT_LABEL: SERVER_COMPONENT}


def labels(service: DiarizationService) -> dict[str, str]:
    """Return the labels of every object that the operator creates for the service."""
    return selector(service) | {MANAGED_BY_LABEL: FIELD_MANAGER}


def name(service: DiarizationService, suffix: str = "") -> str:
    """Return the name of a child: the service's name, with a suffix if there is more than one child of the kind."""
    return f"{service.name}-{suffix}" if suffix else service.name


def metadata(service: DiarizationService, annotations: dict[str, str] | None = None, *, suffix: str = "") -> Manifest:
    """Return the metadata of a child that the garbage collector deletes with the service."""
    return {
        "name": name(service, suffix),
        "namespace": service.namespace,
        "labels": labels(service),
        **({"annotations": annotations} if annotations else {}),
        "ownerReferences": [
            {
                "apiVersion": DIARIZATION_SERVICES.api_version,
                "kind": DIARIZATION_SERVICES.kind,
                "name": service.name,
                "uid": service.uid,
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ],
    }
