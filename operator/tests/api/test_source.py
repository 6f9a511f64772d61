"""Model sources have a name for messages, and paths stay inside their volume."""

import pytest
from pydantic import ValidationError
from sd_harness.services.live_objects import COMMIT
from sd_harness.services.service_specs import PINNED
from sd_operator.api.source import Image, ModelCache, PersistentVolumeClaim, Source

PIPELINE = "pyannote/speaker-diarization-community-1"


def source(**fields: object) -> Source:
    """Return a source as a manifest writes it."""
    return Source.model_validate(fields)


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"demo": {}}, "demo"),
        ({"huggingFace": {"pipeline": PIPELINE, "revision": "main"}}, f"{PIPELINE}@main"),
        ({"huggingFace": {"pipeline": PIPELINE, "revision": COMMIT}}, f"{PIPELINE}@c0ffeec0ffee"),
        ({"persistentVolumeClaim": {"claimName": "models"}}, "persistentVolumeClaim/models"),
        ({"persistentVolumeClaim": {"claimName": "models", "path": "a/b"}}, "persistentVolumeClaim/models/a/b"),
        ({"image": {"reference": "registry.example/m:1", "path": "a"}}, "image/registry.example/m:1/a"),
    ],
    ids=["demo", "branch", "commit", "claim", "claim with path", "image"],
)
def test_source_describes_itself(fields: dict[str, object], name: str) -> None:
    assert source(**fields).selected.describe() == name


@pytest.mark.parametrize(("revision", "pinned"), [(COMMIT, True), ("main", False), (COMMIT[:12], False)])
def test_only_a_full_commit_is_pinned(revision: str, *, pinned: bool) -> None:
    hub = source(huggingFace={"pipeline": PIPELINE, "revision": revision}).hugging_face
    assert hub is not None
    assert hub.is_pinned is pinned


@pytest.mark.parametrize("path", ["/a", "..", "../a", "a/../b", "a/.."])
def test_path_outside_the_volume_is_rejected(path: str) -> None:
    with pytest.raises(ValidationError, match="path must be inside the claim"):
        PersistentVolumeClaim.model_validate({"claimName": "m", "path": path})
    with pytest.raises(ValidationError, match="path must be inside the image"):
        Image.model_validate({"reference": "m", "path": path})


@pytest.mark.parametrize("path", ["", "a", "a/b", "a..b", "..a"])
def test_path_inside_the_volume_is_accepted(path: str) -> None:
    assert PersistentVolumeClaim.model_validate({"claimName": "m", "path": path, "digest": PINNED}).path == path


def test_existing_claim_cannot_be_configured() -> None:
    assert ModelCache.model_validate({"claimName": "models", "size": "2Gi"}).claim_name == "models"
    with pytest.raises(ValidationError, match=r"must not be set with cache\.claimName"):
        ModelCache.model_validate({"claimName": "models", "retain": True})
