"""References to models: local folders, repositories, and everything else, which is rejected."""

from __future__ import annotations

import pytest
from sd_model_store import model_reference
from sd_model_store.errors import UnsupportedPipelineError
from sd_model_store.model_reference import ModelReference

REFERENCES: dict[str, tuple[object, ModelReference]] = {
    "none": (None, ModelReference("embedding", "pyannote/speaker-diarization-community-1", "embedding")),
    "a local folder": ("$model/a/b", ModelReference("embedding", None, "a/b")),
    "a repository": ("org/name", ModelReference("embedding", "org/name", "")),
    "a checkpoint": ({"checkpoint": "org/name"}, ModelReference("embedding", "org/name", "")),
    "a checkpoint with a folder and a revision": (
        {"checkpoint": "org/name", "subfolder": "emb", "revision": "v2"},
        ModelReference("embedding", "org/name", "emb", "v2"),
    ),
}


@pytest.mark.parametrize("case", REFERENCES)
def test_a_reference_is_parsed(case: str) -> None:
    value, expected = REFERENCES[case]
    assert model_reference.parse("embedding", value, "x") == expected


@pytest.mark.parametrize(
    "value",
    ["", "name", "/etc", "https://x.y/z", "$model/", "$model/../x", {}, {"checkpoint": "a/b", "subfolder": "/etc"}],
)
def test_another_location_is_rejected(value: object) -> None:
    with pytest.raises(UnsupportedPipelineError, match="x loads its embedding from"):
        model_reference.parse("embedding", value, "x")


def test_a_model_of_pyannote_audio_2_is_rejected() -> None:
    with pytest.raises(UnsupportedPipelineError, match=r"pyannote\.audio 2"):
        model_reference.parse("embedding", "pyannote/segmentation@2022.07", "x")


@pytest.mark.parametrize("repository", ["pyannote/wespeaker-voxceleb-resnet34-LM", "somebody/resnet"])
def test_an_embedding_that_the_engine_can_run_is_accepted(repository: str) -> None:
    reference = model_reference.parse("embedding", repository, "x")
    assert reference.repository == repository
    model_reference.check_embedding_library(reference, "x")


@pytest.mark.parametrize(
    "repository", ["hbredin/wespeaker-voxceleb-resnet34-LM", "nvidia/titanet", "speechbrain/spkrec-ecapa-voxceleb"]
)
def test_an_embedding_that_needs_another_library_is_rejected(repository: str) -> None:
    with pytest.raises(UnsupportedPipelineError, match="community-1"):
        model_reference.check_embedding_library(model_reference.parse("embedding", repository, "x"), "x")
