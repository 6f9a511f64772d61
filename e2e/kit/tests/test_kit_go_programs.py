"""The table of programs agrees with the go.mod of the cluster's programs."""

import re

import pytest
from sd_kit import paths
from sd_kit.offline import go_build
from sd_kit.offline.go_programs import (
    CLUSTER_MODULE,
    COMMAND_LINE_TOOLS,
    COREDNS,
    ETCD,
    KUBERNETES,
    NODE_PROGRAMS,
    PROGRAMS,
    SYSTEM_POD_PROGRAMS,
    TEST_PROGRAMS,
)
from sd_kit.offline.node_image import system_image

GO_MOD = (paths.OFFLINE / CLUSTER_MODULE / "go.mod").read_text()


@pytest.mark.parametrize(
    ("module", "version"),
    [
        ("k8s.io/kubernetes", KUBERNETES),
        ("go.etcd.io/etcd/server/v3", ETCD),
        ("github.com/coredns/coredns", COREDNS),
    ],
)
def test_go_mod_requires_the_versions_of_the_table(module: str, version: str) -> None:
    required = re.search(rf"^(?:require|\t) ?{re.escape(module)} (\S+)", GO_MOD, re.MULTILINE)
    assert required is not None
    assert required[1] == version


def test_all_kubernetes_libraries_are_of_the_same_release() -> None:
    versions = set(re.findall(r"^\tk8s\.io/\S+ => k8s\.io/\S+ (\S+)$", GO_MOD, re.MULTILINE))
    assert versions == {"v0" + KUBERNETES.removeprefix("v1")}


def test_every_used_program_is_in_the_table() -> None:
    assert {*NODE_PROGRAMS, *SYSTEM_POD_PROGRAMS, *COMMAND_LINE_TOOLS, *TEST_PROGRAMS} == PROGRAMS.keys()


@pytest.mark.parametrize(
    ("program", "reference"),
    [
        ("kube-apiserver", "registry.k8s.io/kube-apiserver:v1.36.3"),
        ("etcd", "registry.k8s.io/etcd:3.6.8-0"),
        ("coredns", "registry.k8s.io/coredns/coredns:v1.14.2"),
        ("pause", "registry.k8s.io/pause:3.10.2"),
    ],
)
def test_system_images_have_the_references_that_kubeadm_uses(program: str, reference: str) -> None:
    assert system_image(program) == reference


@pytest.mark.parametrize(
    ("program", "file"), [("etcd", "server"), ("pause", "pause"), ("helm", "helm"), ("kubelet", "kubelet")]
)
def test_the_built_name_is_the_one_that_go_build_uses(program: str, file: str) -> None:
    assert go_build.built_name(PROGRAMS[program]) == file
