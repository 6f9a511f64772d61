"""Children have the labels, the name and the owner of their service. Tests of children/metadata.py."""

from sd_harness.services.live_objects import UID, service
from sd_harness.services.service_specs import DEMO
from sd_operator.children.metadata import labels, metadata, name, selector

SELECTOR = {
    "app.kubernetes.io/name": "sd-triton",
    "app.kubernetes.io/instance": "demo",
    "app.kubernetes.io/component": "server",
}


def test_selector_is_constant() -> None:
    assert selector(service(DEMO)) == SELECTOR  # the selector of a Deployment is immutable


def test_labels_name_the_operator() -> None:
    assert labels(service(DEMO)) == SELECTOR | {"app.kubernetes.io/managed-by": "sd-triton-operator"}


def test_name_has_an_optional_suffix() -> None:
    assert (name(service(DEMO)), name(service(DEMO), "headless")) == ("demo", "demo-headless")


def test_metadata_names_the_owner() -> None:
    made = metadata(service(DEMO), {"example.com/a": "b"}, suffix="x")
    assert (made["name"], made["namespace"], made["annotations"]) == ("demo-x", "default", {"example.com/a": "b"})
    assert made["ownerReferences"] == [
        {
            "apiVersion": "sd-triton.dev/v1alpha1",
            "kind": "DiarizationService",
            "name": "demo",
            "uid": UID,
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]
    assert "annotations" not in metadata(service(DEMO))
