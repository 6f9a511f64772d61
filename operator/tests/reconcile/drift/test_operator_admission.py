"""A field that admission changes in the operator's own apply is accepted until the manifest or the value changes."""

import copy
import json
from typing import Any

import pytest
from sd_harness.services.live_objects import live
from sd_operator.reconcile.drift.admission import ACCEPTED_ANNOTATION, acceptance, accepted_message, drift
from sd_operator.reconcile.objects import digest, with_digest
from sd_operator.resources import Manifest

CONTAINER = {"name": "triton", "image": "triton:1"}
MANIFEST = with_digest(
    {
        "kind": "Deployment",
        "metadata": {"name": "demo", "namespace": "default"},
        "spec": {"replicas": 1, "containers": [CONTAINER]},
    }
)
PATH = "spec.containers[triton].image"


def response(image: str, **annotations: str | None) -> Manifest:
    """Return the live object with an image and with further annotations."""
    child = live(copy.deepcopy(MANIFEST))
    child["spec"]["containers"][0]["image"] = image
    child["metadata"]["annotations"] |= {name: value for name, value in annotations.items() if value}
    return child


def accepted(image: str) -> dict[str, Any]:
    """Return the annotation that accepts an image."""
    return acceptance(response(image), MANIFEST)


def paths(child: Manifest, desired: Manifest = MANIFEST) -> list[str]:
    """Return the fields that have to be restored."""
    return [each.path for each in drift(child, desired)]


def test_the_annotation_has_the_path_and_a_digest_and_not_the_value() -> None:
    annotation = accepted("mirror/triton:1")[ACCEPTED_ANNOTATION]
    assert json.loads(annotation) == {PATH: digest("mirror/triton:1")}
    assert "mirror" not in annotation


def test_a_response_without_changes_needs_no_annotation() -> None:
    assert acceptance(response("triton:1"), MANIFEST) == {}


def test_an_annotation_that_is_right_is_not_written_again() -> None:
    annotations = accepted("mirror/triton:1")
    assert acceptance(response("mirror/triton:1", **annotations), MANIFEST) == {}


def test_an_annotation_that_is_no_longer_right_is_removed() -> None:
    annotations = accepted("mirror/triton:1")
    assert acceptance(response("triton:1", **annotations), MANIFEST) == {ACCEPTED_ANNOTATION: None}


def test_an_accepted_value_is_not_restored() -> None:
    assert paths(response("mirror/triton:1", **accepted("mirror/triton:1"))) == []


def test_another_value_is_restored() -> None:
    assert paths(response("other/triton:1", **accepted("mirror/triton:1"))) == [PATH]


def test_a_changed_field_without_the_annotation_is_restored() -> None:
    assert paths(response("mirror/triton:1")) == [PATH]


def test_a_value_is_accepted_only_for_the_manifest_that_was_applied() -> None:
    changed = {**MANIFEST, "spec": MANIFEST["spec"] | {"replicas": 2}}
    changed["metadata"] = {**MANIFEST["metadata"], "annotations": {}}
    child = response("mirror/triton:1", **accepted("mirror/triton:1"))
    assert PATH in paths(child, with_digest(changed))


@pytest.mark.parametrize("text", ["no JSON", "[1]", '"text"', '{"spec.containers[triton].image": 7}'])
def test_an_annotation_that_somebody_has_edited_accepts_nothing(text: str) -> None:
    assert paths(response("mirror/triton:1", **{ACCEPTED_ANNOTATION: text})) == [PATH]


def test_a_field_that_admission_removed_is_accepted_as_well() -> None:
    child = live(copy.deepcopy(MANIFEST))
    del child["spec"]["replicas"]
    child["metadata"]["annotations"] |= acceptance(child, MANIFEST)
    assert paths(child) == []


def test_the_message_names_the_field_and_the_object() -> None:
    assert accepted_message(response("mirror/triton:1"), MANIFEST) == ""
    message = accepted_message(response("mirror/triton:1", **accepted("mirror/triton:1")), MANIFEST)
    assert message.startswith(f"Admission changed {PATH} of Deployment demo when the operator applied it.")
