"""The NetworkPolicy allows callers and monitoring, and denies all outgoing connections."""

from children_manifests import child, children
from sd_harness.services.service_specs import DEMO, with_network


def test_everyone_can_send_requests_by_default() -> None:
    inference, _ = child(DEMO, "NetworkPolicy")["spec"]["ingress"]
    assert "from" not in inference


def test_peers_of_the_spec_restrict_the_callers() -> None:
    peers = [{"podLabels": {"app": "a"}}, {"namespaceLabels": {"team": "b"}}, {"namespaceLabels": {}}, {}]
    inference, _ = child(with_network(policy={"allowFrom": peers}), "NetworkPolicy")["spec"]["ingress"]
    assert inference["from"] == [
        {"podSelector": {"matchLabels": {"app": "a"}}},
        {"namespaceSelector": {"matchLabels": {"team": "b"}}, "podSelector": {}},
        {"namespaceSelector": {}, "podSelector": {}},
        {"podSelector": {}},
    ]


def test_operator_and_monitoring_namespaces_can_read_metrics() -> None:
    _, monitoring = child(DEMO, "NetworkPolicy")["spec"]["ingress"]
    assert [port["port"] for port in monitoring["ports"]] == [8002, 8003]
    operator, *namespaces = monitoring["from"]
    assert operator == {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "sd-triton"}},
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": "sd-triton-operator"}},
    }
    names = [peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for peer in namespaces]
    assert names == ["keda", "monitoring"]


def test_outgoing_connections_are_denied() -> None:
    policy = child(DEMO, "NetworkPolicy")["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert policy["egress"] == []


def test_policy_selects_the_pods() -> None:
    labels = child(DEMO, "Deployment")["spec"]["template"]["metadata"]["labels"]
    selector = child(DEMO, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"]
    assert selector
    assert selector.items() <= labels.items()


def test_no_policy_if_disabled() -> None:
    assert children(with_network(policy={"enabled": False}), "NetworkPolicy") == []
