"""The ports that the pods serve on, as a Service and a NetworkPolicy name them."""

from sd_operator.api.network import NodePorts
from sd_operator.api.service import DiarizationService
from sd_operator.resources import ENGINE_PORT, GRPC_PORT, HTTP_PORT, METRICS_PORT, Manifest


def for_callers(service: DiarizationService) -> list[int]:
    """Where recordings are sent to: gRPC only where the spec lets it."""
    return [HTTP_PORT, GRPC_PORT] if service.spec.network.service.grpc else [HTTP_PORT]


def for_watchers() -> list[int]:
    """Where metrics and health are read."""
    return [METRICS_PORT, ENGINE_PORT]


def of_a_service(service: DiarizationService, node_ports: NodePorts | None = None) -> list[Manifest]:
    """All of them as ports of a Service; `node_ports` are fixed, others are chosen by the cluster or not needed."""
    fixed = node_ports or NodePorts()
    grpc = _port("grpc", GRPC_PORT, fixed.grpc, "kubernetes.io/h2c")  # proxies speak HTTP/2 without TLS to the pods
    return [
        _port("http", HTTP_PORT, fixed.http, "http"),
        *([grpc] if GRPC_PORT in for_callers(service) else []),
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
