"""The pods' ports, as Services and the NetworkPolicy list them."""

from sd_operator.api.network import NodePorts
from sd_operator.api.service import DiarizationService
from sd_operator.resources import ENGINE_PORT, GRPC_PORT, HTTP_PORT, METRICS_PORT, Manifest


def inference_ports(service: DiarizationService) -> list[int]:
    """Return the ports for inference requests: HTTP, and gRPC unless the spec disables it."""
    return [HTTP_PORT, GRPC_PORT] if service.spec.network.service.grpc else [HTTP_PORT]


def monitoring_ports() -> list[int]:
    """Return the ports for metrics and health."""
    return [METRICS_PORT, ENGINE_PORT]


def service_ports(service: DiarizationService, node_ports: NodePorts | None = None) -> list[Manifest]:
    """Return all ports as a Service lists them, with the fixed node ports; the cluster chooses the others."""
    fixed = node_ports or NodePorts()
    grpc = _port("grpc", GRPC_PORT, fixed.grpc, "kubernetes.io/h2c")  # HTTP/2 without TLS between proxy and pod
    return [
        _port("http", HTTP_PORT, fixed.http, "http"),
        *([grpc] if GRPC_PORT in inference_ports(service) else []),
        _port("metrics", METRICS_PORT, fixed.metrics),
        _port("engine-metrics", ENGINE_PORT, fixed.engine_metrics),
    ]


def _port(name: str, number: int, node_port: int | None, app_protocol: str = "") -> Manifest:
    return {
        "name": name,
        "port": number,
        "targetPort": number,
        "protocol": "TCP",
        **({} if node_port is None else {"nodePort": node_port}),
        **({"appProtocol": app_protocol} if app_protocol else {}),
    }
