"""Every program that the kit builds: its version and the Go package it is made from."""

from dataclasses import dataclass

KUBERNETES = "v1.36.3"
ETCD = "v3.6.8"
COREDNS = "v1.14.2"
CONTAINERD = "v2.3.7"
KIND = "v0.33.0"
HELM = "v4.3.1"
KUBECONFORM = "v0.8.0"
PROMETHEUS = "v0.309.1"  # the module's number; the release is called 3.9.1
PAUSE = "3.10.2"
LOCAL_PATH = "v0.0.30"

STOCK_NODE = "kindest/node:v1.37.0@sha256:a1ed56cfb0e7b93589bdf97c8cd566405a265939e3620fc4f5de89adff580ae5"
"""The node image that this version of kind was released with, used where it can be pulled."""

CLUSTER = "go/cluster"
"""The kit's own Go module, whose go.mod and go.sum pin what the node's programs are built from."""


@dataclass(frozen=True)
class Tool:
    """One program: `module` is a folder of the kit, or PATH@VERSION of a module that builds as it is."""

    name: str
    version: str
    package: str
    module: str
    over: str = ""
    """A folder of the kit that is laid over the module's source, the same for all programs of a module."""


def _kubernetes(name: str) -> Tool:
    return Tool(name, KUBERNETES, f"k8s.io/kubernetes/cmd/{name}", CLUSTER)


def _containerd(name: str) -> Tool:
    module = "github.com/containerd/containerd/v2"
    return Tool(name, CONTAINERD, f"{module}/cmd/{name}", f"{module}@{CONTAINERD}")


TOOLS: dict[str, Tool] = {
    tool.name: tool
    for tool in (
        _kubernetes("kubeadm"),
        _kubernetes("kubelet"),
        _kubernetes("kubectl"),
        _kubernetes("kube-apiserver"),
        _kubernetes("kube-controller-manager"),
        _kubernetes("kube-scheduler"),
        _kubernetes("kube-proxy"),
        Tool("etcd", ETCD, "go.etcd.io/etcd/server/v3", CLUSTER),
        Tool("coredns", COREDNS, "./coredns", CLUSTER),
        Tool("pause", PAUSE, "./pause", CLUSTER),
        _containerd("containerd"),
        _containerd("containerd-shim-runc-v2"),
        _containerd("ctr"),
        Tool("kind", KIND, "sigs.k8s.io/kind", f"sigs.k8s.io/kind@{KIND}"),
        Tool("helm", HELM, "helm.sh/helm/v4/cmd/helm", f"helm.sh/helm/v4@{HELM}"),
        Tool(
            "kubeconform",
            KUBECONFORM,
            "github.com/yannh/kubeconform/cmd/kubeconform",
            f"github.com/yannh/kubeconform@{KUBECONFORM}",
        ),
        Tool(
            "promtool",
            PROMETHEUS,
            "github.com/prometheus/prometheus/cmd/promtool",
            f"github.com/prometheus/prometheus@{PROMETHEUS}",
            over="go/prometheus",
        ),
        Tool(
            "local-path-provisioner",
            LOCAL_PATH,
            "github.com/rancher/local-path-provisioner",
            f"github.com/rancher/local-path-provisioner@{LOCAL_PATH}",
        ),
    )
}

ON_THE_NODE = ("kubeadm", "kubelet", "kubectl", "containerd", "containerd-shim-runc-v2", "ctr")
"""Programs that run on the node itself."""

IN_PODS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "etcd", "coredns", "pause")
"""Programs that run in pods, each in an image of its own."""

FOR_PEOPLE = ("kind", "kubectl", "helm", "kubeconform")
"""Programs that a person, a Makefile or a test calls."""

FOR_TESTS = ("promtool", "local-path-provisioner")
"""Programs that only tests need; built when one first asks."""
