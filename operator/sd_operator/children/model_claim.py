"""The PersistentVolumeClaim that models from a hub are downloaded into."""

from sd_operator.api.service import DiarizationService
from sd_operator.children.metadata import metadata
from sd_operator.resources import PERSISTENT_VOLUME_CLAIMS, Manifest
from sd_operator.settings import Installation


def build(service: DiarizationService, _installation: Installation) -> Manifest | None:
    """While a model is downloaded into it or served from it; a claim that is there already is left alone."""
    if not service.needs_own_claim:
        return None
    cache = service.spec.cache
    about = metadata(service, ending="models")
    if cache.retain:
        del about["ownerReferences"]  # it would go with its owner
    return {
        "apiVersion": PERSISTENT_VOLUME_CLAIMS.api_version,
        "kind": PERSISTENT_VOLUME_CLAIMS.kind,
        "metadata": about,
        "spec": {
            "accessModes": [*cache.access_modes],
            **({"storageClassName": cache.storage_class_name} if cache.storage_class_name else {}),
            "resources": {"requests": {"storage": cache.size}},
        },
    }
