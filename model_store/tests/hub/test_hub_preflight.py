"""The checks before a download: a pipeline whose models are in other repositories."""

from __future__ import annotations

import yaml
from sd_harness.hub.hub_models import (
    COMMUNITY,
    NEEDED_FILES,
    SEGMENTATION,
    THREE_ONE,
    THREE_ONE_COMMIT,
    WESPEAKER,
)
from sd_harness.hub.hub_state import FakeHub
from sd_harness.hub.model_store_command import ModelStoreCommand


def test_the_models_of_a_pipeline_3_1_come_from_four_repositories(hub: FakeHub, command: ModelStoreCommand) -> None:
    run = command.download(hub, pipeline=THREE_ONE, revision=THREE_ONE_COMMIT)
    assert run.exit_code == 0, run.message
    assert set(run.document["repositories"]) == {THREE_ONE, SEGMENTATION, WESPEAKER, COMMUNITY}
    files = sorted(path.relative_to(run.path).as_posix() for path in run.path.rglob("*") if path.is_file())
    assert files == sorted([*NEEDED_FILES, "manifest.json", "origin.json"])
    parameters = yaml.safe_load((run.path / "config.yaml").read_text())["pipeline"]["params"]
    assert parameters["segmentation"] == "$model/segmentation"
    assert parameters["embedding"] == "$model/embedding"
    assert parameters["plda"] == "$model/plda"
    assert parameters["clustering"] == "AgglomerativeClustering"
    weights = (run.path / "embedding/pytorch_model.bin").read_bytes()
    assert weights == hub.repositories[WESPEAKER].files["pytorch_model.bin"]
