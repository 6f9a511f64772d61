"""Validation of config.yaml, without running anything that it names."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from sd_harness.hub.hub_models import COMMUNITY_CONFIG, THREE_ONE_CONFIG
from sd_model_store import pipeline
from sd_model_store.errors import UnsupportedPipelineError
from sd_model_store.model_reference import FILES, ModelReference


def with_parameters(**parameters: Any) -> bytes:
    config = yaml.safe_load(COMMUNITY_CONFIG)
    config["pipeline"]["params"] |= parameters
    return yaml.safe_dump(config).encode()


def test_the_configuration_of_a_self_contained_pipeline_is_not_changed() -> None:
    parsed = pipeline.parse(COMMUNITY_CONFIG.encode(), "x")
    assert parsed.local_config() == COMMUNITY_CONFIG.encode()
    assert [reference.paths() for reference in parsed.references] == [
        ["segmentation/pytorch_model.bin"],
        ["embedding/pytorch_model.bin"],
        ["plda/plda.npz", "plda/xvec_transform.npz"],
    ]


def test_a_pipeline_without_a_plda_uses_the_default_of_pyannote() -> None:
    parsed = pipeline.parse(THREE_ONE_CONFIG.encode(), "x")
    assert parsed.references[2] == ModelReference("plda", "pyannote/speaker-diarization-community-1", "plda")


def test_a_reference_to_another_repository_becomes_a_local_folder() -> None:
    reference = {"checkpoint": "org/name", "revision": "v2", "subfolder": "seg"}
    parsed = pipeline.parse(with_parameters(segmentation=reference), "x")
    assert parsed.references[0] == ModelReference("segmentation", "org/name", "seg", "v2")
    assert parsed.local_folder(parsed.references[0]) == "segmentation"
    local = yaml.safe_load(parsed.local_config())["pipeline"]["params"]
    assert local["segmentation"] == "$model/segmentation"


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["$model/..", "a/b", "pipeline"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(text=st.binary() | ANYTHING.map(lambda document: yaml.safe_dump(document).encode()))
def test_arbitrary_bytes_are_rejected(text: bytes) -> None:
    with pytest.raises(UnsupportedPipelineError):
        pipeline.parse(text, "x")


@given(model=st.sampled_from(sorted(FILES)), value=ANYTHING, top=ANYTHING)
def test_an_arbitrary_model_reference_is_rejected_or_has_relative_paths(model: str, value: Any, top: Any) -> None:
    config = yaml.safe_load(COMMUNITY_CONFIG)
    config["pipeline"]["params"][model] = value
    config["params"] = top
    try:
        parsed = pipeline.parse(yaml.safe_dump(config).encode(), "x")
    except UnsupportedPipelineError:
        return
    for reference in parsed.references:
        assert not any(path.startswith("/") or ".." in path.split("/") for path in reference.paths())
    yaml.safe_load(parsed.local_config())
