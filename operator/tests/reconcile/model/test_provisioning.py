"""The next model Job, the served model and the reason why the desired one is missing follow from the observed Jobs."""

import json
from dataclasses import replace

import pytest
from sd_harness.services.live_objects import COMMIT, INSTALLATION, MODEL_DIGEST, pod, resource, service, with_model
from sd_harness.services.model_jobs import (
    MODEL_PATH,
    PIPELINE,
    PIPELINE_FOLDER,
    RESULT,
    UNSCHEDULABLE,
    arguments,
    attempt,
    corrupt_pod,
    failed_job,
    finished_job,
    first_job,
    new,
    plan,
    reason,
    running_job,
)
from sd_harness.services.service_specs import DEMO, PINNED, Spec, with_hugging_face
from sd_operator.api.service import DiarizationService
from sd_operator.api.status import OutdatedModel, ServedModel
from sd_operator.children import desired, model_job
from sd_operator.resources import Manifest

CLAIM: Spec = {"model": {"source": {"persistentVolumeClaim": {"claimName": "models", "path": "a"}}}}
IMAGE: Spec = {"model": {"source": {"image": {"reference": "registry.example/model:1"}}}}


def kinds(parsed: DiarizationService) -> set[str]:
    """Return the kinds of the desired children."""
    return {each["kind"] for each in desired(parsed, INSTALLATION)}


def test_the_demo_model_needs_no_job_and_jobs_of_an_earlier_spec_are_deleted() -> None:
    earlier = running_job(first_job(new(with_hugging_face())))
    found = plan(new(DEMO), earlier)
    assert (found.create, found.finding, found.delete) == (None, None, [earlier.live])


def test_a_new_service_gets_a_job_and_no_pods() -> None:
    found = plan(new(with_hugging_face()))
    assert reason(found) == "Downloading"
    assert arguments(found.create)[:6] == ["models", "download", "--pipeline", PIPELINE, "--revision", COMMIT]
    assert "PersistentVolumeClaim" in kinds(found.service)
    assert kinds(found.service).isdisjoint({"Deployment", "ConfigMap"})


def test_nothing_is_written_while_the_job_runs() -> None:
    parsed = new(with_hugging_face())
    found = plan(parsed, running_job(first_job(parsed)))
    assert (reason(found), found.create, found.delete) == ("Downloading", None, [])


def test_the_result_of_a_job_is_pinned_and_served() -> None:
    parsed = new(with_hugging_face())
    found = plan(parsed, finished_job(first_job(parsed), RESULT))
    assert found.service.served == ServedModel(
        source=f"{PIPELINE}@{COMMIT[:12]}", mode="exact", pipeline=PIPELINE, revision=COMMIT,
        digest=MODEL_DIGEST, claim_name="demo-models", path=MODEL_PATH,
    )  # fmt: skip
    assert found.service.has_desired_model
    assert "Deployment" in kinds(found.service)
    assert plan(found.service, finished_job(first_job(parsed), RESULT)).create is None


def test_a_tag_is_served_at_the_commit_to_which_it_was_resolved() -> None:
    parsed = new(with_hugging_face(revision="v1"))
    found = plan(parsed, finished_job(first_job(parsed), RESULT))
    assert found.service.served is not None
    assert found.service.served.revision == COMMIT
    assert found.service.has_desired_model


@pytest.mark.parametrize(
    ("failure", "delays_s"),
    [
        ("TermsNotAccepted", [60, 60, 60]),
        ("TokenMissing", [60, 60, 60]),
        ("HubUnreachable", [5, 10, 20, 40, 60, 60]),
        ("InsufficientSpace", [5, 10, 20]),
        ("Corrupt", [5, 10, 20]),
    ],
)
def test_the_next_attempt_follows_after_a_delay(failure: str, delays_s: list[float]) -> None:
    parsed = new(with_hugging_face())
    for number, delay_s in enumerate(delays_s, start=1):
        waiting = plan(parsed, failed_job(attempt(parsed, number), failure, age_s=delay_s - 1))
        assert (reason(waiting), waiting.create, waiting.requeue_after_s) == (failure, None, 1)
        retried = plan(parsed, last := failed_job(attempt(parsed, number), failure, age_s=delay_s))
        assert retried.create == attempt(parsed, number + 1)
        assert last.live not in retried.delete


def test_a_service_is_reconciled_again_after_a_job_was_created() -> None:
    assert plan(new(with_hugging_face())).requeue_after_s is not None


def test_another_secret_is_tried_without_delay() -> None:
    with_token = new(with_hugging_face(tokenSecretRef={"name": "hub", "key": "t"}))
    failed = failed_job(first_job(with_token), "TermsNotAccepted")
    assert plan(with_token, failed).create is None
    assert plan(new(with_hugging_face(tokenSecretRef={"name": "other", "key": "t"})), failed).create is not None


def test_only_another_spec_helps_if_a_pipeline_is_not_supported() -> None:
    parsed = new(with_hugging_face())
    found = plan(parsed, failed_job(first_job(parsed), "UnsupportedPipeline", age_s=9999))
    assert (reason(found), found.create, found.requeue_after_s) == ("UnsupportedPipeline", None, None)
    changed = plan(new(with_hugging_face(revision="v2")), failed_job(first_job(parsed), "UnsupportedPipeline"))
    assert arguments(changed.create)[4:6] == ["--revision", "v2"]


def test_a_directory_that_is_not_supported_is_verified_again() -> None:
    parsed = new(CLAIM)
    assert plan(parsed, failed_job(first_job(parsed), "UnsupportedPipeline", age_s=60)).create is not None


def test_a_further_attempt_keeps_the_reason_until_it_takes_longer() -> None:
    parsed = new(with_hugging_face())
    failed = failed_job(attempt(parsed, 1), "TermsNotAccepted", age_s=61, created=-90)
    assert reason(plan(parsed, failed, running_job(attempt(parsed, 2), created=-20))) == "TermsNotAccepted"
    assert reason(plan(parsed, failed, running_job(attempt(parsed, 2), created=-40))) == "Downloading"


def test_the_job_of_an_earlier_spec_is_deleted() -> None:
    earlier = running_job(first_job(new(with_hugging_face())))
    found = plan(new(with_hugging_face(revision="v2")), earlier)
    assert found.delete == [earlier.live]
    assert found.create is not None


def test_a_pinned_service_goes_on_serving_while_another_revision_is_downloaded() -> None:
    parsed = replace(new(with_hugging_face(revision="v2")), served=service(with_hugging_face()).served)
    found = plan(parsed)
    assert (reason(found), found.service.served) == ("Downloading", parsed.served)
    assert "Deployment" in kinds(found.service)
    other = RESULT | {"revision": "f" * 40, "path": f"/model/{PIPELINE_FOLDER}/{'f' * 40}"}
    downloaded = plan(parsed, finished_job(first_job(parsed), other))
    assert downloaded.service.has_desired_model
    assert downloaded.outdated == (OutdatedModel(claim_name="demo-models", pipeline=PIPELINE),)


def test_another_commit_with_the_same_first_digits_is_another_model() -> None:
    parsed = new(with_hugging_face(revision=COMMIT[:12] + "0" * 28))
    assert not replace(parsed, served=service(with_hugging_face()).served).has_desired_model


def mounts(manifest: Manifest) -> list[Manifest]:
    """Return the volume mounts of a Job's container."""
    [container] = manifest["spec"]["template"]["spec"]["containers"]
    return container["volumeMounts"]


@pytest.mark.parametrize("spec", [CLAIM, IMAGE])
def test_a_model_in_a_claim_or_an_image_is_pinned_at_its_first_use(spec: Spec) -> None:
    parsed = new(spec)
    path = "a" if spec is CLAIM else ""
    created = first_job(parsed)
    assert arguments(created) == ["models", "verify", "--directory", f"/model/{path}".rstrip("/")]
    [mount] = [each for each in mounts(created) if each["name"] == "model"]
    assert mount["readOnly"] is True
    found = plan(parsed, finished_job(created, {"digest": MODEL_DIGEST, "path": f"/model/{path}"}))
    assert found.service.served is not None
    assert (found.service.served.digest, found.service.served.path) == (MODEL_DIGEST, path or None)


def test_another_digest_in_the_spec_is_verified() -> None:
    pinned = with_model(new(CLAIM)).served
    spec = {"model": {"source": {"persistentVolumeClaim": {"claimName": "models", "path": "a", "digest": PINNED}}}}
    found = plan(replace(new(spec), served=pinned))
    assert arguments(found.create)[-2:] == ["--digest", PINNED]


def test_a_damaged_model_is_downloaded_again_as_it_was_pinned() -> None:
    found = plan(service(with_hugging_face(revision="v1")), pods=[corrupt_pod()])
    assert reason(found) == "Corrupt"
    options = arguments(found.create)
    assert options[options.index("--revision") + 1] == COMMIT
    assert options[options.index("--digest") + 1] == MODEL_DIGEST


def test_a_damage_is_repaired_once() -> None:
    parsed = service(with_hugging_face())
    repair = plan(parsed, pods=[corrupt_pod(age_s=30)]).create
    assert repair is not None
    repaired = finished_job(repair, RESULT, age_s=10)
    waiting = plan(parsed, repaired, pods=[corrupt_pod(age_s=30)])
    assert (reason(waiting), waiting.create) == ("Corrupt", None)
    again = plan(parsed, repaired, pods=[corrupt_pod(age_s=5)])
    assert again.create is not None
    assert again.create["metadata"]["annotations"][model_job.ATTEMPT_ANNOTATION] == "2"


def test_a_damaged_model_in_a_claim_of_the_user_is_only_reported() -> None:
    found = plan(service(CLAIM), pods=[corrupt_pod()])
    assert (reason(found), found.create) == ("Corrupt", None)


def test_only_one_job_at_a_time_uses_a_claim() -> None:
    found = plan(new(with_hugging_face()), busy_claims={"demo-models": "other-model-1"})
    assert (reason(found), found.create) == ("WaitingForClaim", None)
    assert found.requeue_after_s is not None


def test_the_reason_why_the_pod_of_a_job_cannot_start_is_reported() -> None:
    parsed = new(with_hugging_face())
    waiting = replace(running_job(first_job(parsed)), pod=pod("x", conditions=[UNSCHEDULABLE]))
    assert reason(plan(parsed, waiting)) == "Unschedulable"


def test_only_the_job_mounts_the_token_as_a_file_of_an_optional_secret() -> None:
    created = first_job(new(with_hugging_face(tokenSecretRef={"name": "hub", "key": "t"})))
    [volume] = [each for each in created["spec"]["template"]["spec"]["volumes"] if "secret" in each]
    assert volume["secret"] == {
        "secretName": "hub", "items": [{"key": "t", "path": "token"}], "optional": True, "defaultMode": 0o440,
    }  # fmt: skip
    [container] = created["spec"]["template"]["spec"]["containers"]
    assert "env" not in container
    assert "envFrom" not in container
    children = desired(service(with_hugging_face(tokenSecretRef={"name": "hub", "key": "t"})), INSTALLATION)
    assert not [each["kind"] for each in children if "secret" in json.dumps(each).lower()]


NODE_AFFINITY = {
    "requiredDuringSchedulingIgnoredDuringExecution": {
        "nodeSelectorTerms": [{"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]}]
    }
}


def test_the_job_may_run_where_the_pods_may_run_and_requests_no_device() -> None:
    compute = {
        "nodeSelector": {"pool": "gpu"},
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
        "affinity": {"nodeAffinity": NODE_AFFINITY},
        "priorityClassName": "low",
    }
    parsed = new(with_hugging_face() | {"compute": compute, "imagePullSecrets": [{"name": "registry"}]})
    spec = first_job(parsed)["spec"]["template"]["spec"]
    assert spec["nodeSelector"] == {"pool": "gpu"}
    assert (spec["affinity"], spec["priorityClassName"]) == ({"nodeAffinity": NODE_AFFINITY}, "low")
    assert spec["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists"}]
    assert spec["imagePullSecrets"] == [{"name": "registry"}]
    assert "nvidia.com/gpu" not in json.dumps(spec["containers"])
    assert first_job(parsed)["spec"]["backoffLimit"] == 0


def test_the_name_of_a_job_of_the_longest_service_name_is_a_valid_label() -> None:
    parsed = DiarizationService.parse(resource(with_hugging_face(), "a" * 40))
    assert len(attempt(parsed, 9999)["metadata"]["name"]) <= 63
