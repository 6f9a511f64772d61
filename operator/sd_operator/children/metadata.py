"""Who a child is: its name, its labels, its owner."""

from sd_operator.api.service import DiarizationService
from sd_operator.resources import (
    COMPONENT_LABEL,
    DIARIZATION_SERVICES,
    FIELD_MANAGER,
    INSTANCE_LABEL,
    MANAGED_BY_LABEL,
    NAME_LABEL,
    SERVER,
    Manifest,
)


def selector(service: DiarizationService) -> dict[str, str]:
    """The labels that find the service's pods. A Deployment's selector cannot change: neither can these."""
    return {NAME_LABEL: "sd-triton", INSTANCE_LABEL: service.name, COMPONENT_LABEL: SERVER}


def labels(service: DiarizationService) -> dict[str, str]:
    """The labels of everything that the operator makes."""
    return selector(service) | {MANAGED_BY_LABEL: FIELD_MANAGER}


def name(service: DiarizationService, ending: str = "") -> str:
    """The service's own name; the second child of a kind has an ending."""
    return f"{service.name}-{ending}" if ending else service.name


def metadata(service: DiarizationService, annotations: dict[str, str] | None = None, *, ending: str = "") -> Manifest:
    """A child's metadata: it goes when the service goes."""
    return {
        "name": name(service, ending),
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
