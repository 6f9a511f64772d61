"""The model Job downloads, verifies or removes models, and only its container has the token."""

from dataclasses import replace
from typing import Any

import pytest
from sd_harness.services.live_objects import COMMIT, INSTALLATION, MODEL_DIGEST, service
from sd_harness.services.service_specs import ALL_FIELDS, DEMO, PINNED, Spec, with_hugging_face
from sd_operator.api.service import DiarizationService
from sd_operator.children import model_job

PIPELINE = "pyannote/speaker-diarization-community-1"
CLAIM: Spec = {"model": {"source": {"persistentVolumeClaim": {"claimName": "mine", "path": "a"}}}}
IMAGE: Spec = {"model": {"source": {"image": {"reference": "registry.example/m:1", "digest": PINNED}}}}


def new(spec: Spec) -> DiarizationService:
    """Return a service that serves no model yet."""
    return replace(service(spec), served=None)


def job(spec: Spec) -> dict[str, Any]:
    """Return the first model Job of a new service."""
    return model_job.build(new(spec), INSTALLATION, model_job.provisioning_task(new(spec)))


def pod(spec: Spec) -> dict[str, Any]:
    """Return the pod spec of the first model Job."""
    return job(spec)["spec"]["template"]["spec"]


def container(spec: Spec) -> dict[str, Any]:
    """Return the container of the first model Job."""
    [only] = pod(spec)["containers"]
    return only


def option(spec: Spec, name: str) -> str | None:
    """Return the value of an option of the command; None if it is missing."""
    arguments = container(spec)["args"]
    return arguments[arguments.index(name) + 1] if name in arguments else None


def test_download_has_the_pipeline_and_the_revision_of_the_spec() -> None:
    assert container(with_hugging_face())["args"] == [
        "models", "download", "--pipeline", PIPELINE, "--revision", COMMIT, "--endpoint", "https://huggingface.co",
        "--cache", "/model", "--total-timeout", "3600",
    ]  # fmt: skip


def test_download_of_the_served_model_requires_the_pinned_digest_and_revision() -> None:
    task = model_job.provisioning_task(service(with_hugging_face(revision="main")))
    arguments = dict(zip(task.arguments[1::2], task.arguments[2::2], strict=True))
    assert (arguments["--revision"], arguments["--digest"]) == (COMMIT, MODEL_DIGEST)


@pytest.mark.parametrize(
    ("spec", "arguments", "volume"),
    [
        (CLAIM, ["--directory", "/model/a"], {"persistentVolumeClaim": {"claimName": "mine"}}),
        (
            IMAGE,
            ["--directory", "/model", "--digest", PINNED],
            {"image": {"reference": "registry.example/m:1", "pullPolicy": "IfNotPresent"}},
        ),
    ],
    ids=["claim", "image"],
)
def test_verification_mounts_the_model_read_only(spec: Spec, arguments: list[str], volume: dict[str, Any]) -> None:
    assert container(spec)["args"] == ["models", "verify", *arguments]
    assert {"name": "model", **volume} in pod(spec)["volumes"]
    [mount] = [each for each in container(spec)["volumeMounts"] if each["name"] == "model"]
    assert mount["readOnly"] is True


def test_removal_names_the_revisions_to_keep_in_order() -> None:
    task = model_job.removal_task("models", PIPELINE, {"b", "a"})
    assert task.arguments == ("remove", "--cache", "/model", "--pipeline", PIPELINE, "--keep", "a", "b")
    assert (task.claim, task.writes) == ("models", True)


def test_demo_model_needs_no_job() -> None:
    with pytest.raises(ValueError, match="needs no Job"):
        model_job.provisioning_task(service(DEMO))


def test_token_and_certificates_are_optional_files() -> None:
    volumes = {volume["name"]: volume for volume in pod(ALL_FIELDS)["volumes"]}
    assert volumes["token"]["secret"] == {
        "secretName": "hub",
        "items": [{"key": "access-token", "path": "token"}],
        "optional": True,
        "defaultMode": 0o440,
    }
    assert volumes["ca"]["configMap"]["items"] == [{"key": "bundle.pem", "path": "ca.crt"}]
    assert option(ALL_FIELDS, "--token-file") == "/run/secrets/hub/token"
    assert option(ALL_FIELDS, "--ca-bundle") == "/run/ca/ca.crt"
    assert option(with_hugging_face(), "--token-file") is None


def test_name_depends_on_task_and_attempt() -> None:
    task = model_job.provisioning_task(new(with_hugging_face()))
    first, second = (model_job.build(new(with_hugging_face()), INSTALLATION, task, number) for number in (1, 2))
    other = job(with_hugging_face(revision="main"))
    names = [manifest["metadata"]["name"] for manifest in (first, second, other)]
    assert names[0].removesuffix("1") == names[1].removesuffix("2")
    assert names[0].rpartition("-")[0] != names[2].rpartition("-")[0]
    digests = [manifest["metadata"]["annotations"]["sd-triton.dev/task"] for manifest in (first, second, other)]
    assert digests[0] == digests[1] != digests[2]


def test_job_is_one_attempt_with_a_deadline() -> None:
    spec = job(with_hugging_face())["spec"]
    assert (spec["backoffLimit"], spec["activeDeadlineSeconds"], spec["ttlSecondsAfterFinished"]) == (0, 4200, 3600)
    assert spec["template"]["spec"]["restartPolicy"] == "Never"


def test_job_pods_are_not_selected_by_the_service() -> None:
    labels = job(with_hugging_face())["spec"]["template"]["metadata"]["labels"]
    assert labels["app.kubernetes.io/component"] == "model"


def test_job_pods_have_the_placement_of_the_service_but_no_device() -> None:
    assert pod(ALL_FIELDS)["nodeSelector"] == {"pool": "gpu"}
    assert "runtimeClassName" not in pod(ALL_FIELDS)
    assert container(ALL_FIELDS)["resources"]["limits"] == {"memory": "512Mi"}
