"""What was downloaded is what the engine loads, without a network."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sd_engine.diarization import model_loader
from sd_harness.hub import fake_hub, hub_models
from sd_harness.hub.downloader_process import Supply
from sd_harness.hub.fake_hub import Repo
from sd_harness.hub.hub_models import COMMUNITY, SEGMENTATION, THREE_ONE, THREE_ONE_COMMIT, WESPEAKER

LOADER = """
import sys
from pathlib import Path
from sd_engine.diarization import model_loader
pipeline = model_loader.load(Path(sys.argv[1]), "cpu").pipeline
print(type(pipeline).__name__, pipeline.klustering, pipeline._embedding.dimension)
"""


def loaded(directory: Path) -> str:
    ended = subprocess.run(
        [sys.executable, "-c", LOADER, str(directory)],
        env={"PATH": "/usr/bin", "HF_HUB_OFFLINE": "1", "HF_HOME": str(directory.parent / "none"), "HOME": "/nowhere"}
        | {"PYANNOTE_METRICS_ENABLED": "0", "MPLCONFIGDIR": "/tmp/matplotlib"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


def demo_weights(part: str) -> bytes:
    return (model_loader.DEMO_MODEL / part).read_bytes()


def test_a_pipeline_of_one_repository_loads(supply: Supply) -> None:
    repo = hub_models.of_directory(model_loader.DEMO_MODEL, "a" * 40)
    with fake_hub.running({COMMUNITY: repo}) as hub:
        ended = supply.download(hub)
        assert ended.status == 0, ended.message
    assert loaded(ended.place) == "SpeakerDiarization VBxClustering 256"


def test_a_pipeline_of_four_repositories_loads(supply: Supply) -> None:
    repos = {
        THREE_ONE: Repo({"config.yaml": hub_models.THREE_ONE_CONFIG.encode()}, THREE_ONE_COMMIT),
        SEGMENTATION: Repo({"pytorch_model.bin": demo_weights("segmentation/pytorch_model.bin")}, "c" * 40),
        WESPEAKER: Repo({"pytorch_model.bin": demo_weights("embedding/pytorch_model.bin")}, "d" * 40),
        COMMUNITY: hub_models.of_directory(model_loader.DEMO_MODEL, "a" * 40),
    }
    with fake_hub.running(repos) as hub:
        ended = supply.download(hub, pipeline=THREE_ONE, revision=THREE_ONE_COMMIT)
        assert ended.status == 0, ended.message
    assert loaded(ended.place) == "SpeakerDiarization AgglomerativeClustering 256"
