"""The versions table and the Go module of the cluster's programs say the same."""

import re

import pytest
from sd_kit import gobuild, places
from sd_kit.node_image import system_image
from sd_kit.versions import CLUSTER, COREDNS, ETCD, FOR_PEOPLE, FOR_TESTS, IN_PODS, KUBERNETES, ON_THE_NODE, TOOLS

GO_MOD = (places.PACKAGE / CLUSTER / "go.mod").read_text()


@pytest.mark.parametrize(
    ("module", "version"),
    [
        ("k8s.io/kubernetes", KUBERNETES),
        ("go.etcd.io/etcd/server/v3", ETCD),
        ("github.com/coredns/coredns", COREDNS),
    ],
)
def test_go_mod_pins_the_version_of_the_table(module: str, version: str) -> None:
    required = re.search(rf"^(?:require|\t) ?{re.escape(module)} (\S+)", GO_MOD, re.MULTILINE)
    assert required is not None
    assert required[1] == version


def test_the_parts_of_kubernetes_are_all_of_its_own_release() -> None:
    versions = set(re.findall(r"^\tk8s\.io/\S+ => k8s\.io/\S+ (\S+)$", GO_MOD, re.MULTILINE))
    assert versions == {"v0" + KUBERNETES.removeprefix("v1")}


def test_every_program_that_something_needs_is_in_the_table() -> None:
    assert {*ON_THE_NODE, *IN_PODS, *FOR_PEOPLE, *FOR_TESTS} == TOOLS.keys()


@pytest.mark.parametrize(
    ("program", "reference"),
    [
        ("kube-apiserver", "registry.k8s.io/kube-apiserver:v1.36.3"),
        ("etcd", "registry.k8s.io/etcd:3.6.8-0"),
        ("coredns", "registry.k8s.io/coredns/coredns:v1.14.2"),
        ("pause", "registry.k8s.io/pause:3.10.2"),
    ],
)
def test_system_images_are_called_as_kubeadm_calls_them(program: str, reference: str) -> None:
    assert system_image(program) == reference


@pytest.mark.parametrize(
    ("program", "file"), [("etcd", "server"), ("pause", "pause"), ("helm", "helm"), ("kubelet", "kubelet")]
)
def test_a_program_is_found_under_the_name_that_go_gives_it(program: str, file: str) -> None:
    assert gobuild.built_name(TOOLS[program]) == file
