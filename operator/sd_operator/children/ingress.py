"""The Ingress for callers outside the cluster."""

from sd_operator.api.network import Ingress
from sd_operator.api.service import DiarizationService
from sd_operator.children.metadata import metadata
from sd_operator.resources import INGRESSES, Manifest
from sd_operator.settings import Installation

PATH = "/v2"
"""The path prefix of the v2 inference protocol. Metrics and health are not below it."""


def build(service: DiarizationService, _installation: Installation) -> Manifest | None:
    """Return an Ingress for HTTP with one host name; None unless the spec defines one."""
    ingress = service.spec.network.ingress
    if ingress is None:
        return None
    return {
        "apiVersion": INGRESSES.api_version,
        "kind": INGRESSES.kind,
        "metadata": metadata(service, annotations=ingress.annotations),
        "spec": {**_class_and_tls(ingress), "rules": [{"host": ingress.host, "http": {"paths": [_path(service)]}}]},
    }


def _class_and_tls(ingress: Ingress) -> Manifest:
    tls = {"hosts": [ingress.host], "secretName": ingress.tls_secret_name}
    return {
        **({"ingressClassName": ingress.class_name} if ingress.class_name else {}),
        **({"tls": [tls]} if ingress.tls_secret_name else {}),
    }


def _path(service: DiarizationService) -> Manifest:
    backend = {"service": {"name": service.name, "port": {"name": "http"}}}
    return {"path": PATH, "pathType": "Prefix", "backend": backend}
