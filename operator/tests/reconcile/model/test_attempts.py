"""The delay between attempts depends on who can resolve the failure; messages name the Secret of the token."""

import pytest
from sd_harness.services.model_jobs import new
from sd_harness.services.service_specs import Spec, with_hugging_face
from sd_operator.reconcile.finding import Finding
from sd_operator.reconcile.model.attempts import delay_s, explained, in_progress

HUB = new(with_hugging_face())
WITH_TOKEN = new(with_hugging_face(tokenSecretRef={"name": "hub", "key": "t"}))
CLAIM: Spec = {"model": {"source": {"persistentVolumeClaim": {"claimName": "models", "path": "a"}}}}


@pytest.mark.parametrize(
    ("reason", "attempt", "expected_s"),
    [
        ("TokenInvalid", 1, 60),
        ("QuotaExceeded", 1, 8),
        ("PodsRejected", 9, 8),
        ("HubUnreachable", 1, 5),
        ("HubUnreachable", 3, 20),
        ("HubUnreachable", 10_000, 60),
        ("UnsupportedPipeline", 1, None),
    ],
)
def test_the_delay_after_a_failure(reason: str, attempt: int, expected_s: float | None) -> None:
    assert delay_s(HUB, Finding(reason, "No."), attempt) == expected_s


def test_a_claim_of_the_user_is_verified_again_although_its_pipeline_is_not_supported() -> None:
    assert delay_s(new(CLAIM), Finding("UnsupportedPipeline", "No."), 1) == 5


def test_a_failure_about_the_token_names_the_secret() -> None:
    invalid, missing = Finding("TokenInvalid", "It is not known."), Finding("TokenMissing", "There is no such file.")
    assert explained(WITH_TOKEN, invalid).message == "It is not known. The token is read from key t of Secret hub."
    assert explained(WITH_TOKEN, missing).message == (
        "Secret hub does not exist or has no token under key t. There is no such file."
    )
    assert explained(HUB, missing).message.endswith("Name the Secret in spec.model.source.huggingFace.tokenSecretRef.")
    other = Finding("HubUnreachable", "No response.")
    assert explained(WITH_TOKEN, other) == other


def test_the_progress_names_what_the_job_does() -> None:
    assert in_progress(HUB, "demo-model-1").message.startswith("Job demo-model-1 downloads pyannote/")
    assert in_progress(new(CLAIM), "demo-model-1").message == (
        "Job demo-model-1 verifies the model in persistentVolumeClaim/models/a."
    )
