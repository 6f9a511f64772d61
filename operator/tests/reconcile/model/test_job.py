"""The outcome of a model Job is read from the termination message of its pod; without one it is a failure."""

import json

import pytest
from sd_harness.services.live_objects import COMMIT, INSTALLATION, MODEL_DIGEST, pod
from sd_harness.services.model_jobs import (
    MODEL_PATH,
    NOW,
    PIPELINE,
    RESULT,
    attempt,
    failed_job,
    finished_job,
    first_job,
    new,
    running_job,
    timestamp,
)
from sd_harness.services.service_specs import with_hugging_face
from sd_operator.children import model_job
from sd_operator.reconcile.finding import Finding
from sd_operator.reconcile.model.job import JOB_NAME_LABEL, REMOVED, ModelResult, model_jobs

SERVICE = new(with_hugging_face())
FIRST = first_job(SERVICE)


def test_a_result_has_the_digest_and_the_directory_of_the_model() -> None:
    assert finished_job(FIRST, RESULT).outcome == ModelResult(MODEL_DIGEST, MODEL_PATH, PIPELINE, COMMIT)
    removal = model_job.build(SERVICE, INSTALLATION, model_job.removal_task("shared", PIPELINE, []))
    assert finished_job(removal, {"removed": []}).outcome == REMOVED


@pytest.mark.parametrize(
    ("message", "exit_code", "text"),
    [
        ("Killed", 137, "failed with exit code 137. Its termination message: Killed"),
        ('{"digest": "sha256:1", "path": "/model/a"}', 0, "finished without a result"),
        (json.dumps(RESULT | {"path": "/model/../etc"}), 0, "finished without a result"),
        (json.dumps(RESULT | {"path": "/etc"}), 0, "finished without a result"),
        ("[1]", 0, "finished without a result"),
        ('{"reason": "not CamelCase"}', 1, "failed with exit code 1."),
    ],
)
def test_a_job_without_a_result_is_a_failure(message: str, exit_code: int, text: str) -> None:
    outcome = finished_job(FIRST, message, exit_code=exit_code).outcome
    assert isinstance(outcome, Finding)
    assert outcome.reason == "DownloadFailed"
    assert text in outcome.message


def test_a_job_that_finished_without_a_pod_is_a_failure() -> None:
    failed = {"type": "Failed", "status": "True", "lastTransitionTime": timestamp(-1), "message": "It was too slow."}
    job = running_job(FIRST, conditions=[failed])
    assert (job.has_finished, job.finished_at) == (True, timestamp(-1))
    name = FIRST["metadata"]["name"]
    assert job.outcome == Finding("DownloadFailed", f"Job {name} finished without a result: It was too slow.")


def test_a_page_that_the_message_does_not_contain_is_appended() -> None:
    job = failed_job(FIRST, "TermsNotAccepted", message="Accept them.", pages=["https://hub.example/a"])
    assert job.outcome == Finding("TermsNotAccepted", "Accept them. https://hub.example/a")
    named = failed_job(FIRST, "TermsNotAccepted", message="See https://hub.example/a.", pages=["https://hub.example/a"])
    assert named.outcome == Finding("TermsNotAccepted", "See https://hub.example/a.")


def test_a_job_whose_pod_is_rejected_has_finished() -> None:
    job = running_job(FIRST)
    assert not job.has_finished
    rejected = type(job)(job.live, pod_rejection=Finding("QuotaExceeded", "exceeded quota"))
    assert (rejected.has_finished, rejected.finished_at) == (True, timestamp(-10))
    assert rejected.outcome == Finding("QuotaExceeded", "exceeded quota")


def test_the_annotations_tell_task_attempt_and_claim() -> None:
    first, second = running_job(FIRST), running_job(attempt(SERVICE, 2))
    assert first.task == second.task != ""
    assert (first.attempt, second.attempt) == (1, 2)
    assert first.claim == "demo-models"
    assert not first.removes_models
    removal = model_job.build(SERVICE, INSTALLATION, model_job.removal_task("shared", PIPELINE, []))
    assert running_job(removal).removes_models
    assert first.is_younger_than(10.5, NOW)
    assert not first.is_younger_than(10, NOW)


def test_jobs_are_listed_in_order_with_their_pods_and_without_those_being_deleted() -> None:
    later, earlier = running_job(attempt(SERVICE, 2), created=-5).live, running_job(FIRST, created=-9).live
    deleted = running_job(attempt(SERVICE, 3)).live
    deleted["metadata"]["deletionTimestamp"] = timestamp(0)
    its_pod = pod("x")
    its_pod["metadata"]["labels"][JOB_NAME_LABEL] = FIRST["metadata"]["name"]
    found = model_jobs([later, deleted, earlier], [its_pod])
    assert [(each.live, each.pod) for each in found] == [(earlier, its_pod), (later, None)]
