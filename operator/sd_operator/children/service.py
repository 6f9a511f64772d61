"""The Service that callers use."""

from typing import Any

from sd_operator.api.models import NodePorts
from sd_operator.api.service import DiarizationService
from sd_operator.children.metadata import metadata, selector
from sd_operator.settings import ServingImages
from sd_operator.vocabulary import ENGINE_PORT, GRPC_PORT, HTTP_PORT, METRICS_PORT, Manifest


def build(service: DiarizationService, _images: ServingImages) -> Manifest:
    """HTTP, gRPC and both metrics pages of the ready pods."""
    wanted = service.spec.network.service
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(service, annotations=wanted.annotations),
        "spec": {"type": wanted.type, "selector": selector(service), "ports": _ports(wanted.node_ports or NodePorts())},
    }


def _ports(node_ports: NodePorts) -> list[Manifest]:
    return [
        _port("http", HTTP_PORT, node_ports.http, appProtocol="http"),
        # Proxies that look at this speak HTTP/2 without TLS to the pods.
        _port("grpc", GRPC_PORT, node_ports.grpc, appProtocol="kubernetes.io/h2c"),
        _port("metrics", METRICS_PORT, node_ports.metrics),
        _port("engine-metrics", ENGINE_PORT, node_ports.engine_metrics),
    ]


def _port(name: str, number: int, node_port: int | None, **more: Any) -> Manifest:  # noqa: ANN401
    fixed = {} if node_port is None else {"nodePort": node_port}
    return {"name": name, "port": number, "targetPort": number, "protocol": "TCP", **fixed, **more}
