"""kind's configuration, image tags, and the cached result of the probe of Docker Hub."""

import json
from pathlib import Path

import yaml
from sd_kit.cluster import kind_config
from sd_kit.images import build
from sd_kit.offline import content_digest, docker_hub, storage_class


def test_the_demo_ports_are_mapped_to_localhost_only() -> None:
    [node] = kind_config.render("node:1", has_own_cni=True)["nodes"]
    ports = [(each["containerPort"], each["hostPort"], each["listenAddress"]) for each in node["extraPortMappings"]]
    assert ports == [(30700 + offset, 8700 + offset, "127.0.0.1") for offset in range(4)]


def test_kind_installs_no_cni_in_an_image_built_here() -> None:
    assert kind_config.render("node:1", has_own_cni=True)["networking"] == {"disableDefaultCNI": True}
    assert kind_config.render("node:1", has_own_cni=False)["networking"] == {"disableDefaultCNI": False}


def test_the_kubelet_accepts_cgroup_v1_and_swap() -> None:
    [node] = kind_config.render("node:1", has_own_cni=True)["nodes"]
    [patch] = node["kubeadmConfigPatches"]
    assert yaml.safe_load(patch) == {"kind": "KubeletConfiguration", "failCgroupV1": False, "failSwapOn": False}


def test_a_digest_changes_with_any_byte_and_any_version(tmp_path: Path) -> None:
    file = tmp_path / "Dockerfile"
    file.write_text("FROM a\n")
    before = content_digest.digest([tmp_path], ["v1"])
    assert before == content_digest.digest([file], ["v1"])
    assert before != content_digest.digest([file], ["v2"])
    file.write_text("FROM b\n")
    assert content_digest.digest([tmp_path], ["v1"]) != before


def test_only_earlier_builds_of_the_same_image_are_outdated() -> None:
    references = [
        "sd-triton-server:dev",
        "sd-triton-server:111111111111",
        "localhost:5000/sd-triton-server:111111111111",
        "sd-triton-server:222222222222",
        "localhost:5000/sd-triton-server:222222222222",
        "sd-triton-operator:111111111111",
        "debian:bookworm-slim",
    ]
    keep = {"sd-triton-server:dev", "sd-triton-server:222222222222", "localhost:5000/sd-triton-server:222222222222"}
    assert build.outdated("sd-triton-server", references, keep) == [
        "sd-triton-server:111111111111",
        "localhost:5000/sd-triton-server:111111111111",
    ]


def test_the_result_of_the_docker_hub_probe_is_cached_for_hours(tmp_path: Path) -> None:
    path = tmp_path / "hub.json"
    assert docker_hub.cached_result(path, now_s=0.0) is None
    path.write_text(json.dumps({"reachable": False, "asked_at_s": 1000.0}))
    assert docker_hub.cached_result(path, now_s=1000.0 + docker_hub.CACHED_FOR_S - 1) is False
    assert docker_hub.cached_result(path, now_s=1000.0 + docker_hub.CACHED_FOR_S + 1) is None


def test_the_installed_storage_class_is_the_default_class() -> None:
    manifests = list(yaml.safe_load_all((storage_class.SOURCE / "manifests.yaml").read_text()))
    [installed] = [each for each in manifests if each["kind"] == "StorageClass"]
    assert (installed["metadata"]["name"], installed["provisioner"]) == (storage_class.NAME, storage_class.PROVISIONER)
    assert installed["metadata"]["annotations"] == {"storageclass.kubernetes.io/is-default-class": "true"}
