"""The configuration file from which kind creates the cluster."""

from typing import Any

DEMO_PORTS = {30700: 8700, 30701: 8701, 30702: 8702, 30703: 8703}
"""Ports of 127.0.0.1 by node port of the demo service."""

# cgroup v1 and swap are acceptable for a disposable cluster.
KUBELET = """\
kind: KubeletConfiguration
failCgroupV1: false
failSwapOn: false
"""

# containerd reads the registry configuration from this folder only if it is set.
CONTAINERD = """\
[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = "/etc/containerd/certs.d"
"""


def render(image: str, *, has_own_cni: bool) -> dict[str, Any]:
    """Return kind's configuration.

    Args:
        image: Reference of the node image.
        has_own_cni: True for a node image that contains a CNI configuration; kind then installs none.
    """
    return {
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "networking": {"disableDefaultCNI": has_own_cni},
        "containerdConfigPatches": [CONTAINERD],
        "nodes": [
            {
                "role": "control-plane",
                "image": image,
                "kubeadmConfigPatches": [KUBELET],
                "extraPortMappings": [_port_mapping(node, host) for node, host in DEMO_PORTS.items()],
            }
        ],
    }


def _port_mapping(node_port: int, host_port: int) -> dict[str, Any]:
    return {"containerPort": node_port, "hostPort": host_port, "listenAddress": "127.0.0.1", "protocol": "TCP"}
