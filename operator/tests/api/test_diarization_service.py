"""A DiarizationService knows its claims and compares its served model with the desired one. Tests of api/service.py."""

from typing import Any

import pytest
from sd_harness.services.live_objects import COMMIT, MODEL_DIGEST, resource, service
from sd_harness.services.service_specs import DEMO, PINNED, Spec, with_hugging_face
from sd_operator.api.service import DiarizationService, SpecError, served_model

CLAIM: Spec = {"model": {"source": {"persistentVolumeClaim": {"claimName": "mine"}}}}
SHARED: Spec = {**with_hugging_face(), "cache": {"claimName": "shared"}}


@pytest.mark.parametrize(
    ("spec", "cache_claim", "model_claim", "needs_own_claim"),
    [
        (DEMO, None, None, False),
        (with_hugging_face(), "demo-models", "demo-models", True),
        (SHARED, "shared", "shared", False),
        (CLAIM, None, "mine", False),
    ],
    ids=["demo", "hub", "hub with an existing claim", "claim"],
)
def test_claims(spec: Spec, cache_claim: str | None, model_claim: str | None, *, needs_own_claim: bool) -> None:
    parsed = service(spec)
    assert (parsed.cache_claim, parsed.model_claim, parsed.needs_own_claim) == (
        cache_claim, model_claim, needs_own_claim
    )  # fmt: skip


def with_served(spec: Spec, **model: Any) -> DiarizationService:
    """Return the service with a model in its status."""
    return DiarizationService.parse(resource(spec) | {"status": {"model": model}})


HUB_SOURCE = f"pyannote/speaker-diarization-community-1@{COMMIT[:12]}"
FROM_HUB = {
    "source": HUB_SOURCE,
    "mode": "exact",
    "revision": COMMIT,
    "digest": MODEL_DIGEST,
    "claimName": "demo-models",
}


@pytest.mark.parametrize(
    ("spec", "changes", "expected"),
    [
        (with_hugging_face(), {}, True),
        (with_hugging_face(), {"source": "demo"}, False),
        (with_hugging_face(), {"revision": "0" * 40}, False),
        (with_hugging_face(), {"claimName": "other"}, False),
        (with_hugging_face(digest=MODEL_DIGEST), {}, True),
        (with_hugging_face(digest=PINNED), {}, False),
        (with_hugging_face(), {"digest": None}, False),
    ],
    ids=["same", "source", "revision", "claim", "same digest", "other digest", "not pinned"],
)
def test_served_model_is_the_desired_one_if_all_of_it_matches(
    spec: Spec, changes: dict[str, Any], *, expected: bool
) -> None:
    assert with_served(spec, **(FROM_HUB | changes)).has_desired_model is expected


def test_demo_model_is_served_without_a_pin() -> None:
    parsed = DiarizationService.parse(resource(DEMO))
    assert parsed.has_desired_model
    assert parsed.served is not None
    assert (parsed.served.source, parsed.served.digest) == ("demo", None)


@pytest.mark.parametrize(
    "status", [{}, {"model": None}, {"model": {"source": "x"}}, {"model": {"source": "x", "mode": "exact"}}]
)
def test_status_without_a_pinned_model_has_no_served_model(status: dict[str, Any]) -> None:
    assert served_model({"status": status}) is None


def test_error_names_every_invalid_field() -> None:
    spec = {**DEMO, "replicas": -1, "serving": {"adapters": 0}}
    with pytest.raises(SpecError, match=r"spec\.serving\.adapters: .*; spec\.replicas: ") as error:
        DiarizationService.parse(resource(spec))
    assert "Value error" not in str(error.value)
