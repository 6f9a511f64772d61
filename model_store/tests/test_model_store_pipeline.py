"""What a configuration names is found out without running any of it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from sd_harness.hub.hub_models import COMMUNITY_CONFIG, THREE_ONE_CONFIG
from sd_model_store import pipeline
from sd_model_store.errors import UnsupportedPipelineError
from sd_model_store.pipeline import Reference


def with_parameters(**parameters: Any) -> bytes:
    config = yaml.safe_load(COMMUNITY_CONFIG)
    config["pipeline"]["params"] |= parameters
    return yaml.safe_dump(config).encode()


def test_a_pipeline_in_one_place_stays_as_it_is() -> None:
    read = pipeline.read(COMMUNITY_CONFIG.encode(), "x")
    assert read.in_one_place() == COMMUNITY_CONFIG.encode()
    assert [reference.paths() for reference in read.references] == [
        ["segmentation/pytorch_model.bin"],
        ["embedding/pytorch_model.bin"],
        ["plda/plda.npz", "plda/xvec_transform.npz"],
    ]


def test_a_pipeline_without_a_plda_takes_the_one_that_pyannote_would_fetch() -> None:
    read = pipeline.read(THREE_ONE_CONFIG.encode(), "x")
    assert read.references[2] == Reference("plda", "pyannote/speaker-diarization-community-1", "plda")


def test_a_reference_may_name_a_folder_and_a_revision() -> None:
    there = {"checkpoint": "org/name", "revision": "v2", "subfolder": "seg"}
    read = pipeline.read(with_parameters(segmentation=there), "x")
    assert read.references[0] == Reference("segmentation", "org/name", "seg", "v2")
    assert read.references[0].paths() == ["seg/pytorch_model.bin"]
    local = yaml.safe_load(read.in_one_place())["pipeline"]["params"]
    assert local["segmentation"] == "$model/segmentation"


@pytest.mark.parametrize(
    ("embedding", "runs"),
    [
        ("pyannote/wespeaker-voxceleb-resnet34-LM", True),
        ("somebody/resnet", True),
        ("hbredin/wespeaker-voxceleb-resnet34-LM", False),
        ("nvidia/titanet", False),
        ("speechbrain/spkrec-ecapa-voxceleb", False),
    ],
)
def test_an_embedding_runs_if_the_engine_has_its_library(embedding: str, runs: bool) -> None:  # noqa: FBT001
    text = with_parameters(embedding=embedding)
    if runs:
        assert pipeline.read(text, "x").references[1].repository == embedding
    else:
        with pytest.raises(UnsupportedPipelineError, match="community-1"):
            pipeline.read(text, "x")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["$model/..", "a/b", "pipeline"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(text=st.binary() | ANYTHING.map(lambda document: yaml.safe_dump(document).encode()))
def test_any_bytes_are_a_pipeline_or_refused(text: bytes) -> None:
    with pytest.raises(UnsupportedPipelineError):
        pipeline.read(text, "x")


@given(model=st.sampled_from(sorted(pipeline.FILES)), value=ANYTHING, top=ANYTHING)
def test_whatever_a_model_is_said_to_be_it_stays_inside_or_is_refused(model: str, value: Any, top: Any) -> None:
    config = yaml.safe_load(COMMUNITY_CONFIG)
    config["pipeline"]["params"][model] = value
    config["params"] = top
    try:
        read = pipeline.read(yaml.safe_dump(config).encode(), "x")
    except UnsupportedPipelineError:
        return
    for reference in read.references:
        assert not any(path.startswith("/") or ".." in path.split("/") for path in reference.paths())
    yaml.safe_load(read.in_one_place())
