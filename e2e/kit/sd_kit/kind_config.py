"""The cluster as kind is told to make it."""

from typing import Any

NODE_PORTS = {30700: 8700, 30701: 8701, 30702: 8702, 30703: 8703}
"""Node ports of the demo service, and the ports of 127.0.0.1 that lead to them."""

# A cgroup v1 machine and one with swap are fine for a cluster that is thrown away.
KUBELET = """\
kind: KubeletConfiguration
failCgroupV1: false
failSwapOn: false
"""

# Where the kit says how each registry is reached; kind's images look there only when told to.
CONTAINERD = """\
[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = "/etc/containerd/certs.d"
"""


def render(image: str, *, own_image: bool) -> dict[str, Any]:
    """The configuration for kind; an image built here brings its own pod network."""
    return {
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "networking": {"disableDefaultCNI": own_image},
        "containerdConfigPatches": [CONTAINERD],
        "nodes": [
            {
                "role": "control-plane",
                "image": image,
                "kubeadmConfigPatches": [KUBELET],
                "extraPortMappings": [_mapping(node, host) for node, host in NODE_PORTS.items()],
            }
        ],
    }


def _mapping(node_port: int, host_port: int) -> dict[str, Any]:
    return {"containerPort": node_port, "hostPort": host_port, "listenAddress": "127.0.0.1", "protocol": "TCP"}
