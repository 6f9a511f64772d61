"""Each transition that people want to know about becomes one Event; what is under way does not."""

from datetime import UTC, datetime

from sd_harness.services.live_objects import UID, resource
from sd_harness.services.service_specs import DEMO
from sd_operator.reconcile.events import events
from sd_operator.resources import Manifest

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def condition(kind: str, status: str, reason: str, message: str = "Why.") -> Manifest:
    """Return a condition of a status."""
    since = "2026-01-01T00:00:00Z"
    return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": since}


READY = condition("Ready", "True", "Serving")
NO_IMAGE = condition("Ready", "False", "ImagePullFailed")
STARTING = condition("Ready", "False", "Starting")
FINE, BROKEN = condition("Degraded", "False", "AsExpected"), condition("Degraded", "True", "ImagePullFailed")


def types_and_reasons(before: list[Manifest], after: list[Manifest]) -> list[tuple[str, str]]:
    """Return type and reason of each Event."""
    return [(each["type"], each["reason"]) for each in made_events(before, after)]


def made_events(before: list[Manifest], after: list[Manifest]) -> list[Manifest]:
    """Return the Events for the transition between two statuses."""
    return events(resource(DEMO) | {"status": {"conditions": before}}, {"conditions": after}, NOW)


def test_a_failure_in_two_conditions_becomes_one_event() -> None:
    assert types_and_reasons([STARTING, FINE], [NO_IMAGE, BROKEN]) == [("Warning", "ImagePullFailed")]


def test_a_further_sentence_in_one_of_the_conditions_makes_no_second_event() -> None:
    longer = BROKEN | {"message": "Why. And more."}
    assert types_and_reasons([STARTING, FINE], [NO_IMAGE, longer]) == [("Warning", "ImagePullFailed")]


def test_a_failure_that_continues_becomes_no_second_event() -> None:
    assert types_and_reasons([NO_IMAGE, BROKEN], [NO_IMAGE | {"message": "Other words."}, BROKEN]) == []


def test_readiness_becomes_an_event() -> None:
    assert types_and_reasons([STARTING, FINE], [READY, FINE]) == [("Normal", "Serving")]


def test_recovery_becomes_an_event() -> None:
    assert types_and_reasons([NO_IMAGE, BROKEN], [READY, FINE]) == [("Normal", "Serving"), ("Normal", "AsExpected")]


def test_what_is_under_way_becomes_no_event() -> None:
    assert types_and_reasons([], [STARTING, FINE]) == []
    assert types_and_reasons([READY, FINE], [STARTING, FINE]) == []


def test_an_event_is_found_by_kubectl_describe() -> None:
    [event] = made_events([STARTING], [NO_IMAGE])
    assert event["involvedObject"] == {
        "apiVersion": "sd-triton.dev/v1alpha1", "kind": "DiarizationService",
        "name": "demo", "namespace": "default", "uid": UID,
    }  # fmt: skip
    assert (event["message"], event["firstTimestamp"]) == ("Why.", "2026-01-02T03:04:05Z")


def test_the_same_transition_has_the_same_event_name() -> None:
    first, second = (made_events([STARTING], [NO_IMAGE])[0]["metadata"]["name"] for _ in range(2))
    assert first == second
    assert (
        made_events([STARTING | {"lastTransitionTime": "2026-01-01T01:00:00Z"}], [NO_IMAGE])[0]["metadata"]["name"]
        != first
    )
