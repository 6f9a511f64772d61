"""The Ingress for callers outside of the cluster."""

from sd_operator.api.network import Ingress
from sd_operator.api.service import DiarizationService
from sd_operator.children.metadata import metadata
from sd_operator.resources import INGRESSES, Manifest
from sd_operator.settings import Installation

PATH = "/v2"
"""All of the v2 protocol is below it."""


def build(service: DiarizationService, _installation: Installation) -> Manifest | None:
    """HTTP under one host name; gRPC and the metrics stay inside."""
    wanted = service.spec.network.ingress
    if wanted is None:
        return None
    return {
        "apiVersion": INGRESSES.api_version,
        "kind": INGRESSES.kind,
        "metadata": metadata(service, annotations=wanted.annotations),
        "spec": {**_class_and_tls(wanted), "rules": [{"host": wanted.host, "http": {"paths": [_path(service)]}}]},
    }


def _class_and_tls(wanted: Ingress) -> Manifest:
    tls = {"hosts": [wanted.host], "secretName": wanted.tls_secret_name}
    return {
        **({"ingressClassName": wanted.class_name} if wanted.class_name else {}),
        **({"tls": [tls]} if wanted.tls_secret_name else {}),
    }


def _path(service: DiarizationService) -> Manifest:
    backend = {"service": {"name": service.name, "port": {"name": "http"}}}
    return {"path": PATH, "pathType": "Prefix", "backend": backend}
