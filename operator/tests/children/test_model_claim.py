"""The claim for downloads exists while the service needs it, and survives the service if it is retained."""

from dataclasses import replace
from typing import Any

import pytest
from children_manifests import child, children
from sd_harness.services.live_objects import INSTALLATION, service
from sd_harness.services.service_specs import ALL_FIELDS, DEMO, Spec, with_hugging_face
from sd_operator.children import model_claim

NAME = "demo-models"


def claim(**cache: Any) -> dict[str, Any]:
    """Return the claim of a service with cache settings."""
    return child({**with_hugging_face(), "cache": cache}, "PersistentVolumeClaim", NAME)


@pytest.mark.parametrize(
    "spec",
    [
        DEMO,
        {"model": {"source": {"persistentVolumeClaim": {"claimName": "mine"}}}},
        {**with_hugging_face(), "cache": {"claimName": "shared"}},
    ],
    ids=["demo", "claim", "existing cache"],
)
def test_no_claim_unless_a_model_is_downloaded_into_it(spec: Spec) -> None:
    assert children(spec, "PersistentVolumeClaim") == []


def test_defaults() -> None:
    assert claim()["spec"] == {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}


def test_size_class_and_access_modes_are_those_of_the_spec() -> None:
    assert child(ALL_FIELDS, "PersistentVolumeClaim", NAME)["spec"] == {
        "accessModes": ["ReadWriteMany"],
        "storageClassName": "shared",
        "resources": {"requests": {"storage": "5Gi"}},
    }


def test_retained_claim_has_no_owner() -> None:
    assert "ownerReferences" in claim()["metadata"]
    assert "ownerReferences" not in claim(retain=True)["metadata"]


def test_claim_stays_while_the_served_model_is_in_it() -> None:
    served = service(with_hugging_face()).served
    moved = replace(service({**with_hugging_face(), "cache": {"claimName": "shared"}}), served=served)
    assert model_claim.build(moved, INSTALLATION) is not None
