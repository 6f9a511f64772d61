"""The programs that the kit builds from Go modules, with their versions and packages."""

from dataclasses import dataclass

KUBERNETES = "v1.36.3"
ETCD = "v3.6.8"
COREDNS = "v1.14.2"
CONTAINERD = "v2.3.7"
KIND = "v0.33.0"
HELM = "v4.3.1"
KUBECONFORM = "v0.8.0"
PROMETHEUS = "v0.309.1"  # the module's version; the release is called 3.9.1
PAUSE = "3.10.2"
LOCAL_PATH = "v0.0.30"

CLUSTER_MODULE = "go/cluster"
"""The kit's own Go module: its go.mod and go.sum pin the sources of the node's programs."""


@dataclass(frozen=True)
class GoProgram:
    """One program, built from a Go module."""

    name: str
    version: str
    package: str
    module: str
    """A folder of `offline`, or PATH@VERSION of a published module."""
    overlay: str = ""
    """A folder of `offline` that is copied over the module's source; the same for all programs of a module."""


def _kubernetes(name: str) -> GoProgram:
    return GoProgram(name, KUBERNETES, f"k8s.io/kubernetes/cmd/{name}", CLUSTER_MODULE)


def _containerd(name: str) -> GoProgram:
    module = "github.com/containerd/containerd/v2"
    return GoProgram(name, CONTAINERD, f"{module}/cmd/{name}", f"{module}@{CONTAINERD}")


PROGRAMS: dict[str, GoProgram] = {
    program.name: program
    for program in (
        _kubernetes("kubeadm"),
        _kubernetes("kubelet"),
        _kubernetes("kubectl"),
        _kubernetes("kube-apiserver"),
        _kubernetes("kube-controller-manager"),
        _kubernetes("kube-scheduler"),
        _kubernetes("kube-proxy"),
        GoProgram("etcd", ETCD, "go.etcd.io/etcd/server/v3", CLUSTER_MODULE),
        GoProgram("coredns", COREDNS, "./coredns", CLUSTER_MODULE),
        GoProgram("pause", PAUSE, "./pause", CLUSTER_MODULE),
        _containerd("containerd"),
        _containerd("containerd-shim-runc-v2"),
        _containerd("ctr"),
        GoProgram("kind", KIND, "sigs.k8s.io/kind", f"sigs.k8s.io/kind@{KIND}"),
        GoProgram("helm", HELM, "helm.sh/helm/v4/cmd/helm", f"helm.sh/helm/v4@{HELM}"),
        GoProgram(
            "kubeconform",
            KUBECONFORM,
            "github.com/yannh/kubeconform/cmd/kubeconform",
            f"github.com/yannh/kubeconform@{KUBECONFORM}",
        ),
        GoProgram(
            "promtool",
            PROMETHEUS,
            "github.com/prometheus/prometheus/cmd/promtool",
            f"github.com/prometheus/prometheus@{PROMETHEUS}",
            overlay="go/prometheus",
        ),
        GoProgram(
            "local-path-provisioner",
            LOCAL_PATH,
            "github.com/rancher/local-path-provisioner",
            f"github.com/rancher/local-path-provisioner@{LOCAL_PATH}",
        ),
    )
}

NODE_PROGRAMS = ("kubeadm", "kubelet", "kubectl", "containerd", "containerd-shim-runc-v2", "ctr")
"""Programs that run on the node itself."""

SYSTEM_POD_PROGRAMS = (
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kube-proxy",
    "etcd",
    "coredns",
    "pause",
)
"""Programs that run in system pods, each in an image of its own."""

COMMAND_LINE_TOOLS = ("kind", "kubectl", "helm", "kubeconform")
"""Programs that people, the Makefile or tests run."""

TEST_PROGRAMS = ("promtool", "local-path-provisioner")
"""Programs that only tests need; built on first use."""
