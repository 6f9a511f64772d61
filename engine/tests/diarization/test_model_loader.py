"""Errors of loading that are found before torch is imported."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sd_engine.diarization import model_loader
from sd_engine.diarization.model_loader import DEMO_MODEL, Model, ModelError


def test_a_directory_without_a_configuration_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"contains no pyannote.audio pipeline: config.yaml is missing\."):
        model_loader.load(tmp_path, "cpu")


@pytest.mark.parametrize("model", ["pyannote/segmentation@2022.07", "speechbrain/spkrec-ecapa-voxceleb"])
def test_a_pipeline_of_version_2_is_rejected(tmp_path: Path, model: str) -> None:
    (tmp_path / "config.yaml").write_text(f"pipeline: {{params: {{segmentation: {model}}}}}")

    with pytest.raises(ModelError, match=r"is for pyannote.audio 2, .*community-1\."):
        model_loader.load(tmp_path, "cpu")


def test_the_revision_changes_with_the_configuration_and_with_the_size_of_a_file(tmp_path: Path) -> None:
    directory = tmp_path / "pipeline"
    shutil.copytree(DEMO_MODEL, directory)
    revisions = {_revision(directory), _revision(DEMO_MODEL)}
    assert len(revisions) == 1

    (directory / "plda" / "plda.npz").write_bytes(b"")
    revisions.add(_revision(directory))
    (directory / "config.yaml").write_text("pipeline:")
    revisions.add(_revision(directory))
    assert len(revisions) == 3


def _revision(directory: Path) -> str:
    import torch  # noqa: PLC0415 - the only test here that needs it

    return Model(None, torch.device("cpu"), directory, "a model").description()["revision"]
