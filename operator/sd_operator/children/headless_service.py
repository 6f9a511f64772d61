"""The headless Service: a DNS name that resolves to every ready pod."""

from sd_operator.api.service import DiarizationService
from sd_operator.children import ports
from sd_operator.children.metadata import metadata, selector
from sd_operator.resources import SERVICES, Manifest
from sd_operator.settings import Installation

ENDING = "headless"


def build(service: DiarizationService, _installation: Installation) -> Manifest:
    """For whoever must see the pods one by one.

    A gRPC client keeps one connection, and behind the other Service that is one pod: with `dns:///NAME-headless` and
    round robin it has one to each. KEDA adds up what the pods behind this Service owe.
    """
    return {
        "apiVersion": SERVICES.api_version,
        "kind": SERVICES.kind,
        "metadata": metadata(service, ending=ENDING),
        "spec": {
            "type": "ClusterIP",
            "clusterIP": "None",
            "selector": selector(service),
            "ports": ports.of_a_service(service),
        },
    }
