"""The volumes of a pod: the model, shared memory, and the directory that both containers share."""

from typing import Any

import pytest
from children_manifests import containers, pod
from sd_harness.services.live_objects import COMMIT, service
from sd_harness.services.service_specs import DEMO, Spec, with_demo, with_hugging_face
from sd_operator.children.pod.volumes import model_dir

CLAIM: Spec = {"model": {"source": {"persistentVolumeClaim": {"claimName": "mine", "path": "a/b"}}}}
IMAGE: Spec = {"model": {"source": {"image": {"reference": "registry.example/m:1"}}}}


@pytest.mark.parametrize(
    ("spec", "volume", "directory"),
    [
        (
            with_hugging_face(),
            {"persistentVolumeClaim": {"claimName": "demo-models"}},
            f"/model/pyannote--speaker-diarization-community-1/{COMMIT}",
        ),
        (CLAIM, {"persistentVolumeClaim": {"claimName": "mine"}}, "/model/a/b"),
        (IMAGE, {"image": {"reference": "registry.example/m:1", "pullPolicy": "IfNotPresent"}}, "/model"),
    ],
    ids=["hub", "claim", "image"],
)
def test_model_is_mounted_read_only_in_the_engine_alone(spec: Spec, volume: dict[str, Any], directory: str) -> None:
    assert {"name": "model", **volume} in pod(spec)["volumes"]
    engine, triton = containers(spec)
    assert {"name": "model", "mountPath": "/model", "readOnly": True} in engine["volumeMounts"]
    assert "model" not in {mount["name"] for mount in triton["volumeMounts"]}
    assert model_dir(service(spec)) == directory


def test_demo_model_needs_no_volume() -> None:
    assert "model" not in {volume["name"] for volume in pod(DEMO)["volumes"]}
    assert model_dir(service(DEMO)) is None


def test_shared_memory_has_the_derived_size() -> None:
    volumes = {volume["name"]: volume for volume in pod(with_demo(serving={"maxRequestBytes": "3Mi"}))["volumes"]}
    assert volumes["dshm"]["emptyDir"] == {"medium": "Memory", "sizeLimit": "160Mi"}  # 32 + 32 requests of 4 MiB


def test_containers_share_only_the_run_directory() -> None:
    engine, triton = (
        {mount["name"]: mount["mountPath"] for mount in each["volumeMounts"]} for each in containers(DEMO)
    )
    assert engine == {"run": "/run/sd", "engine-tmp": "/tmp"}
    assert triton == {"run": "/run/sd", "triton-tmp": "/tmp", "dshm": "/dev/shm"}
