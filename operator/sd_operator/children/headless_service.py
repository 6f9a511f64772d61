"""The headless Service: a DNS name that resolves to the address of every ready pod."""

from sd_operator.api.service import DiarizationService
from sd_operator.children import ports
from sd_operator.children.metadata import metadata, selector
from sd_operator.resources import SERVICES, Manifest
from sd_operator.settings import Installation

SUFFIX = "headless"


def build(service: DiarizationService, _installation: Installation) -> Manifest:
    """Return the Service for clients that must address single pods.

    A gRPC client keeps one connection, and so reaches only one pod through the other Service. With
    `dns:///NAME-headless` and round-robin load balancing it opens one connection to each pod. KEDA adds up the backlog
    of the pods behind this Service.
    """
    return {
        "apiVersion": SERVICES.api_version,
        "kind": SERVICES.kind,
        "metadata": metadata(service, suffix=SUFFIX),
        "spec": {
            "type": "ClusterIP",
            "clusterIP": "None",
            "selector": selector(service),
            "ports": ports.service_ports(service),
        },
    }
