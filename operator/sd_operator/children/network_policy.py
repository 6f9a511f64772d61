"""The NetworkPolicy: it restricts the connections to the pods and denies all connections from them."""

from sd_operator.api.network import Peer
from sd_operator.api.service import DiarizationService
from sd_operator.children import ports
from sd_operator.children.metadata import metadata, selector
from sd_operator.resources import FIELD_MANAGER, NAME_LABEL, NETWORK_POLICIES, Manifest
from sd_operator.settings import Installation

NAMESPACE_NAME_LABEL = "kubernetes.io/metadata.name"
"""The label with a namespace's name, which the API server sets on every namespace."""


def build(service: DiarizationService, installation: Installation) -> Manifest | None:
    """Return the policy: callers reach the inference ports, monitoring reaches the metrics ports; None if disabled."""
    if not service.spec.network.policy.enabled:
        return None
    return {
        "apiVersion": NETWORK_POLICIES.api_version,
        "kind": NETWORK_POLICIES.kind,
        "metadata": metadata(service),
        "spec": {
            "podSelector": {"matchLabels": selector(service)},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [_inference_rule(service), _monitoring_rule(installation)],
            "egress": [],
        },
    }


def _inference_rule(service: DiarizationService) -> Manifest:
    peers = [_peer(peer) for peer in service.spec.network.policy.allow_from]
    return {"ports": _ports(ports.inference_ports(service)), **({"from": peers} if peers else {})}


def _peer(peer: Peer) -> Manifest:
    """Return a peer; without a namespace selector, Kubernetes selects pods of the policy's own namespace."""
    namespaces = peer.namespace_labels
    return {
        **({} if namespaces is None else {"namespaceSelector": _label_selector(namespaces)}),
        "podSelector": _label_selector(peer.pod_labels),
    }


def _label_selector(labels: dict[str, str]) -> Manifest:
    return {"matchLabels": labels} if labels else {}


def _monitoring_rule(installation: Installation) -> Manifest:
    """Return the rule for Prometheus, KEDA and the operator, which reads each pod's backlog before a scale-down."""
    operator = {
        "namespaceSelector": {"matchLabels": {NAMESPACE_NAME_LABEL: installation.namespace}},
        "podSelector": {"matchLabels": {NAME_LABEL: FIELD_MANAGER}},
    }
    monitoring = [
        {"namespaceSelector": {"matchLabels": {NAMESPACE_NAME_LABEL: namespace}}}
        for namespace in installation.metrics_namespaces
    ]
    return {"ports": _ports(ports.monitoring_ports()), "from": [operator, *monitoring]}


def _ports(numbers: list[int]) -> list[Manifest]:
    return [{"protocol": "TCP", "port": number} for number in numbers]
