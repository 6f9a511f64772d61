"""The NetworkPolicy: who may connect to the pods. The pods connect to nobody."""

from sd_operator.api.network import Peer
from sd_operator.api.service import DiarizationService
from sd_operator.children import ports
from sd_operator.children.metadata import metadata, selector
from sd_operator.resources import FIELD_MANAGER, NAME_LABEL, NETWORK_POLICIES, Manifest
from sd_operator.settings import Installation

NAMESPACE_NAME = "kubernetes.io/metadata.name"
"""The label that every namespace has, and that nobody but the API server sets."""


def build(service: DiarizationService, installation: Installation) -> Manifest | None:
    """Recordings from the peers of the spec, or from everybody; metrics for those who watch; nothing out."""
    if not service.spec.network.policy.enabled:
        return None
    return {
        "apiVersion": NETWORK_POLICIES.api_version,
        "kind": NETWORK_POLICIES.kind,
        "metadata": metadata(service),
        "spec": {
            "podSelector": {"matchLabels": selector(service)},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [_callers(service), _watchers(installation)],
            "egress": [],
        },
    }


def _callers(service: DiarizationService) -> Manifest:
    peers = [_peer(peer) for peer in service.spec.network.policy.allow_from]
    return {"ports": _ports(ports.for_callers(service)), **({"from": peers} if peers else {})}


def _peer(peer: Peer) -> Manifest:
    """Without a selector of namespaces, Kubernetes means the policy's own."""
    namespaces = peer.namespace_labels
    return {
        **({} if namespaces is None else {"namespaceSelector": _labels(namespaces)}),
        "podSelector": _labels(peer.pod_labels),
    }


def _labels(labels: dict[str, str]) -> Manifest:
    return {"matchLabels": labels} if labels else {}


def _watchers(installation: Installation) -> Manifest:
    """Monitoring, KEDA, and the operator's own pods, which ask how much work is left before they remove a pod."""
    operator = {
        "namespaceSelector": {"matchLabels": {NAMESPACE_NAME: installation.namespace}},
        "podSelector": {"matchLabels": {NAME_LABEL: FIELD_MANAGER}},
    }
    monitoring = [
        {"namespaceSelector": {"matchLabels": {NAMESPACE_NAME: namespace}}}
        for namespace in installation.metrics_namespaces
    ]
    return {"ports": _ports(ports.for_watchers()), "from": [operator, *monitoring]}


def _ports(numbers: list[int]) -> list[Manifest]:
    return [{"protocol": "TCP", "port": number} for number in numbers]
