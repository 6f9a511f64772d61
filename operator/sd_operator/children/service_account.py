"""The ServiceAccount that the pods run under: it has no rights, and no token is mounted."""

from sd_operator.api.service import DiarizationService
from sd_operator.children.metadata import metadata
from sd_operator.resources import Manifest
from sd_operator.settings import Installation


def build(service: DiarizationService, _installation: Installation) -> Manifest:
    """An account of the service's own, so that nothing given to the namespace's default account reaches its pods."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata(service),
        "automountServiceAccountToken": False,
    }
