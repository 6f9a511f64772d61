"""An Event for each change that a person would want to read about, and none for what is only under way."""

from datetime import UTC, datetime

from sd_harness.services.live_objects import UID, resource
from sd_harness.services.service_specs import DEMO
from sd_operator.reconcile.events import events
from sd_operator.resources import Manifest

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def condition(kind: str, status: str, reason: str, message: str = "Why.") -> Manifest:
    """A condition as it is written."""
    since = "2026-01-01T00:00:00Z"
    return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": since}


READY = condition("Ready", "True", "Serving")
NO_IMAGE = condition("Ready", "False", "ImagePullFailed")
STARTING = condition("Ready", "False", "Starting")
FINE, BROKEN = condition("Degraded", "False", "AsExpected"), condition("Degraded", "True", "ImagePullFailed")


def told(before: list[Manifest], after: list[Manifest]) -> list[tuple[str, str]]:
    """Type and reason of each Event."""
    return [(each["type"], each["reason"]) for each in made(before, after)]


def made(before: list[Manifest], after: list[Manifest]) -> list[Manifest]:
    """The Events between two statuses."""
    return events(resource(DEMO) | {"status": {"conditions": before}}, {"conditions": after}, NOW)


def test_a_failure_is_told_once_although_two_conditions_have_it() -> None:
    assert told([STARTING, FINE], [NO_IMAGE, BROKEN]) == [("Warning", "ImagePullFailed")]


def test_what_goes_on_is_not_told_again() -> None:
    assert told([NO_IMAGE, BROKEN], [NO_IMAGE | {"message": "Other words."}, BROKEN]) == []


def test_that_it_serves_is_told() -> None:
    assert told([STARTING, FINE], [READY, FINE]) == [("Normal", "Serving")]


def test_that_it_healed_is_told() -> None:
    assert told([NO_IMAGE, BROKEN], [READY, FINE]) == [("Normal", "Serving"), ("Normal", "AsExpected")]


def test_what_is_under_way_is_not_told() -> None:
    assert told([], [STARTING, FINE]) == []
    assert told([READY, FINE], [STARTING, FINE]) == []


def test_an_event_is_found_by_kubectl_describe() -> None:
    [event] = made([STARTING], [NO_IMAGE])
    assert event["involvedObject"] == {
        "apiVersion": "sd-triton.dev/v1alpha1", "kind": "DiarizationService",
        "name": "demo", "namespace": "default", "uid": UID,
    }  # fmt: skip
    assert (event["message"], event["firstTimestamp"]) == ("Why.", "2026-01-02T03:04:05Z")


def test_an_operator_that_was_killed_before_it_wrote_the_status_tells_it_under_the_same_name() -> None:
    first, second = (made([STARTING], [NO_IMAGE])[0]["metadata"]["name"] for _ in range(2))
    assert first == second
    assert made([STARTING | {"lastTransitionTime": "2026-01-01T01:00:00Z"}], [NO_IMAGE])[0]["metadata"]["name"] != first
