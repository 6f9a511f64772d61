"""The ServiceAccount of the pods: it has no permissions and its token is not mounted."""

from sd_operator.api.service import DiarizationService
from sd_operator.children.metadata import metadata
from sd_operator.resources import SERVICE_ACCOUNTS, Manifest
from sd_operator.settings import Installation


def build(service: DiarizationService, _installation: Installation) -> Manifest:
    """Return an account for this service alone: its pods do not get permissions of the namespace's default account."""
    return {
        "apiVersion": SERVICE_ACCOUNTS.api_version,
        "kind": SERVICE_ACCOUNTS.kind,
        "metadata": metadata(service),
        "automountServiceAccountToken": False,
    }
