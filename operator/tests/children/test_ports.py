"""Services and the NetworkPolicy list the pods' ports, with gRPC only if the spec enables it."""

import pytest
from children_manifests import child
from sd_harness.services.service_specs import DEMO, with_network


@pytest.mark.parametrize(("grpc", "numbers"), [(True, [8000, 8001]), (False, [8000])])
def test_grpc_is_exposed_only_if_enabled(numbers: list[int], *, grpc: bool) -> None:
    spec = with_network(service={"grpc": grpc})
    for name in ("demo", "demo-headless"):
        ports = [port["port"] for port in child(spec, "Service", name)["spec"]["ports"]]
        assert ports == [*numbers, 8002, 8003]
    inference, _ = child(spec, "NetworkPolicy")["spec"]["ingress"]
    assert [port["port"] for port in inference["ports"]] == numbers


def test_ports_have_names_and_protocols_for_proxies() -> None:
    ports = child(DEMO, "Service")["spec"]["ports"]
    assert [(port["name"], port["targetPort"], port.get("appProtocol")) for port in ports] == [
        ("http", 8000, "http"),
        ("grpc", 8001, "kubernetes.io/h2c"),
        ("metrics", 8002, None),
        ("engine-metrics", 8003, None),
    ]


def test_fixed_node_ports_are_only_on_the_service() -> None:
    spec = with_network(service={"type": "NodePort", "nodePorts": {"http": 30700, "engineMetrics": 30703}})
    ports = child(spec, "Service")["spec"]["ports"]
    assert {port["name"]: port["nodePort"] for port in ports if "nodePort" in port} == {
        "http": 30700,
        "engine-metrics": 30703,
    }
    assert not any("nodePort" in port for port in child(spec, "Service", "demo-headless")["spec"]["ports"])
