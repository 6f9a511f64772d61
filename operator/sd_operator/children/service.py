"""The Service for inference requests and metrics."""

from sd_operator.api.service import DiarizationService
from sd_operator.children import ports
from sd_operator.children.metadata import metadata, selector
from sd_operator.resources import SERVICES, Manifest
from sd_operator.settings import Installation


def build(service: DiarizationService, _installation: Installation) -> Manifest:
    """Return the Service with HTTP, gRPC and both metrics ports of the ready pods."""
    network_service = service.spec.network.service
    return {
        "apiVersion": SERVICES.api_version,
        "kind": SERVICES.kind,
        "metadata": metadata(service, annotations=network_service.annotations),
        "spec": {
            "type": network_service.type,
            "selector": selector(service),
            "ports": ports.service_ports(service, network_service.node_ports),
        },
    }
