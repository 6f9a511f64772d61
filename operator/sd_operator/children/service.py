"""The Service that callers use."""

from sd_operator.api.service import DiarizationService
from sd_operator.children import ports
from sd_operator.children.metadata import metadata, selector
from sd_operator.resources import SERVICES, Manifest
from sd_operator.settings import Installation


def build(service: DiarizationService, _installation: Installation) -> Manifest:
    """HTTP, gRPC and both metrics pages of the ready pods."""
    wanted = service.spec.network.service
    return {
        "apiVersion": SERVICES.api_version,
        "kind": SERVICES.kind,
        "metadata": metadata(service, annotations=wanted.annotations),
        "spec": {
            "type": wanted.type,
            "selector": selector(service),
            "ports": ports.of_a_service(service, wanted.node_ports),
        },
    }
