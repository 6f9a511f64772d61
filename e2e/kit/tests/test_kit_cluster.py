"""The cluster's configuration, the tags of its images, and what is remembered about them."""

import json
from pathlib import Path

import yaml
from sd_kit import hub, images, kind_config, recipe, storage


def test_the_demo_ports_are_mapped_to_localhost_only() -> None:
    [node] = kind_config.render("node:1", own_image=True)["nodes"]
    ports = [(each["containerPort"], each["hostPort"], each["listenAddress"]) for each in node["extraPortMappings"]]
    assert ports == [(30700 + offset, 8700 + offset, "127.0.0.1") for offset in range(4)]


def test_only_an_image_built_here_brings_its_own_pod_network() -> None:
    assert kind_config.render("node:1", own_image=True)["networking"] == {"disableDefaultCNI": True}
    assert kind_config.render("node:1", own_image=False)["networking"] == {"disableDefaultCNI": False}


def test_the_kubelet_accepts_an_old_machine() -> None:
    [node] = kind_config.render("node:1", own_image=True)["nodes"]
    [patch] = node["kubeadmConfigPatches"]
    assert yaml.safe_load(patch) == {"kind": "KubeletConfiguration", "failCgroupV1": False, "failSwapOn": False}


def test_a_recipe_has_the_same_digest_until_a_byte_changes(tmp_path: Path) -> None:
    file = tmp_path / "Dockerfile"
    file.write_text("FROM a\n")
    before = recipe.digest([tmp_path])
    assert before == recipe.digest([file])
    file.write_text("FROM b\n")
    assert recipe.digest([tmp_path]) != before


def test_only_earlier_builds_of_the_same_image_are_removed() -> None:
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
    assert images.superseded("sd-triton-server", references, keep) == [
        "sd-triton-server:111111111111",
        "localhost:5000/sd-triton-server:111111111111",
    ]


def test_whether_images_can_be_pulled_is_remembered_for_hours(tmp_path: Path) -> None:
    memory = tmp_path / "hub.json"
    assert hub.recall(memory, now_s=0.0) is None
    memory.write_text(json.dumps({"reachable": False, "asked_at_s": 1000.0}))
    assert hub.recall(memory, now_s=1000.0 + hub.REMEMBERED_S - 1) is False
    assert hub.recall(memory, now_s=1000.0 + hub.REMEMBERED_S + 1) is None


def test_the_storage_class_is_the_default_and_takes_the_place_of_the_one_for_root() -> None:
    manifests = list(yaml.safe_load_all((storage.SOURCE / "manifests.yaml").read_text()))
    [made] = [each for each in manifests if each["kind"] == "StorageClass"]
    assert (made["metadata"]["name"], made["provisioner"]) == (storage.CLASS, storage.PROVISIONER)
    assert made["metadata"]["annotations"] == {"storageclass.kubernetes.io/is-default-class": "true"}
