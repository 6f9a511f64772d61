"""The PersistentVolumeClaim into which models from a hub are downloaded."""

from sd_operator.api.service import DiarizationService
from sd_operator.children.metadata import metadata
from sd_operator.resources import PERSISTENT_VOLUME_CLAIMS, Manifest
from sd_operator.settings import Installation


def build(service: DiarizationService, _installation: Installation) -> Manifest | None:
    """Return the claim while a model is downloaded into it or served from it; None if the user provides the claim."""
    if not service.needs_own_claim:
        return None
    cache = service.spec.cache
    claim_metadata = metadata(service, suffix="models")
    if cache.retain:
        del claim_metadata["ownerReferences"]  # the garbage collector deletes a claim with its owner
    return {
        "apiVersion": PERSISTENT_VOLUME_CLAIMS.api_version,
        "kind": PERSISTENT_VOLUME_CLAIMS.kind,
        "metadata": claim_metadata,
        "spec": {
            "accessModes": [*cache.access_modes],
            **({"storageClassName": cache.storage_class_name} if cache.storage_class_name else {}),
            "resources": {"requests": {"storage": cache.size}},
        },
    }
