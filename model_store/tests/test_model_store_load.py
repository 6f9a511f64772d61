"""The engine loads a downloaded directory without network access."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sd_engine.diarization import model_loader
from sd_harness.hub import fake_hub, hub_models
from sd_harness.hub.hub_models import COMMUNITY, SEGMENTATION, THREE_ONE, THREE_ONE_COMMIT, WESPEAKER
from sd_harness.hub.hub_state import FakeRepository
from sd_harness.hub.model_store_command import ModelStoreCommand

pytestmark = pytest.mark.slow
PROGRAM = """
import sys
from pathlib import Path
from sd_engine.diarization import model_loader
pipeline = model_loader.load(Path(sys.argv[1]), "cpu").pipeline
print(type(pipeline).__name__, pipeline.klustering, pipeline._embedding.dimension)
"""


def load(directory: Path) -> str:
    completed = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(directory)],
        env={"PATH": "/usr/bin", "HF_HUB_OFFLINE": "1", "HF_HOME": str(directory.parent / "none"), "HOME": "/nowhere"}
        | {"OMP_WAIT_POLICY": "passive", "PYANNOTE_METRICS_ENABLED": "0", "MPLCONFIGDIR": "/tmp/matplotlib"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert completed.returncode == 0, completed.stderr
    return completed.stdout.strip()


def demo_weights(path: str) -> bytes:
    return (model_loader.DEMO_MODEL / path).read_bytes()


def test_a_pipeline_of_one_repository_loads(command: ModelStoreCommand) -> None:
    repository = hub_models.from_directory(model_loader.DEMO_MODEL, "a" * 40)
    with fake_hub.running({COMMUNITY: repository}) as hub:
        run = command.download(hub)
        assert run.exit_code == 0, run.message
    assert load(run.path) == "SpeakerDiarization VBxClustering 256"


def test_a_pipeline_of_four_repositories_loads(command: ModelStoreCommand) -> None:
    segmentation = {"pytorch_model.bin": demo_weights("segmentation/pytorch_model.bin")}
    embedding = {"pytorch_model.bin": demo_weights("embedding/pytorch_model.bin")}
    repositories = {
        THREE_ONE: FakeRepository({"config.yaml": hub_models.THREE_ONE_CONFIG.encode()}, THREE_ONE_COMMIT),
        SEGMENTATION: FakeRepository(segmentation, "c" * 40),
        WESPEAKER: FakeRepository(embedding, "d" * 40),
        COMMUNITY: hub_models.from_directory(model_loader.DEMO_MODEL, "a" * 40),
    }
    with fake_hub.running(repositories) as hub:
        run = command.download(hub, pipeline=THREE_ONE, revision=THREE_ONE_COMMIT)
        assert run.exit_code == 0, run.message
    assert load(run.path) == "SpeakerDiarization AgglomerativeClustering 256"
