"""Network access: node ports, gRPC and peers. Tests of api/network.py."""

import pytest
from pydantic import ValidationError
from sd_operator.api.network import Network

INVALID = {
    "same port twice": (
        {"service": {"type": "NodePort", "nodePorts": {"http": 30700, "grpc": 30700}}},
        "nodePorts must not contain the same port twice",
    ),
    "node ports of a ClusterIP": ({"service": {"nodePorts": {"http": 30700}}}, "must not be set with type ClusterIP"),
    "node port without gRPC": (
        {"service": {"type": "NodePort", "grpc": False, "nodePorts": {"grpc": 30700}}},
        r"nodePorts\.grpc must not be set with grpc: false",
    ),
    "peers without a policy": (
        {"policy": {"enabled": False, "allowFrom": [{}]}},
        "allowFrom must not be set with enabled: false",
    ),
}


@pytest.mark.parametrize(("network", "message"), INVALID.values(), ids=INVALID)
def test_contradiction_is_rejected(network: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Network.model_validate(network)


def test_missing_and_empty_namespace_labels_differ() -> None:
    network = Network.model_validate({"policy": {"allowFrom": [{}, {"namespaceLabels": {}}]}})
    assert [peer.namespace_labels for peer in network.policy.allow_from] == [None, {}]
