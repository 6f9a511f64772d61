"""ModelAccess reports the last response of the hub, ModelCached whether the desired model is available."""

from dataclasses import replace

import pytest
from sd_harness.services.live_objects import COMMIT, MODEL_DIGEST
from sd_harness.services.observations import conditions_by_type, desired_state, observation
from sd_harness.services.service_specs import Spec, with_hugging_face
from sd_operator.reconcile.desired_state import DesiredState
from sd_operator.reconcile.finding import Finding

HUB = with_hugging_face()


def conditions(spec: Spec, desired: DesiredState) -> tuple[tuple[str, str, str], tuple[str, str, str]]:
    """Return both conditions."""
    seen = conditions_by_type(observation(spec=spec, desired=desired))
    return seen["ModelAccess"], seen["ModelCached"]


def test_a_cached_model_is_granted_and_pinned() -> None:
    access, cached = conditions(HUB, desired_state(HUB))
    assert access[:2] == ("True", "Granted")
    assert cached == (
        "True",
        "Cached",
        f"pyannote/speaker-diarization-community-1 at {COMMIT} is cached and matches its pinned digest {MODEL_DIGEST}.",
    )


def without_model(finding: Finding) -> DesiredState:
    """Return the desired state of a service that has no model yet."""
    desired = desired_state(HUB, model=finding)
    service = replace(desired.service, served=None)
    return replace(desired, service=service, model=replace(desired.model, service=service))


@pytest.mark.parametrize(
    ("reason", "status", "access_reason"),
    [
        ("TermsNotAccepted", "False", "TermsNotAccepted"),
        ("HubUnreachable", "False", "HubUnreachable"),
        ("Downloading", "Unknown", "Checking"),
        ("InsufficientSpace", "True", "Granted"),
        ("Corrupt", "True", "Granted"),
    ],
)
def test_the_reason_tells_whether_the_hub_grants_access(reason: str, status: str, access_reason: str) -> None:
    access, cached = conditions(HUB, without_model(Finding(reason, "Why.")))
    assert access[:2] == (status, access_reason)
    assert cached == ("False", reason, "Why.")
