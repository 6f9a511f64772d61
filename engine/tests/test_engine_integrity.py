"""A model that differs from its pinned digest is rejected before any of it is loaded."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sd_engine.diarization.model_loader import DEMO_MODEL
from sd_engine.termination_message import MODEL_CORRUPT, MODEL_NOT_LOADED
from sd_harness.engine.engine_process import EngineProcess
from sd_model_store import manifest

pytestmark = pytest.mark.slow
WEIGHTS = "segmentation/pytorch_model.bin"
LOADER = """
import sys
from pathlib import Path
from sd_engine.diarization import model_loader
from sd_model_store.errors import CorruptError
try:
    model_loader.load(Path(sys.argv[1]), "cpu", sys.argv[2])
except CorruptError as error:
    print(error)
print({"torch", "pyannote", "numpy"} & sys.modules.keys())
"""


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    directory = tmp_path / "pipeline"
    shutil.copytree(DEMO_MODEL, directory)
    (directory / manifest.FILE_NAME).write_bytes(manifest.compute(directory).canonical())
    return directory


class MaliciousCheckpoint:
    """Creates a directory when it is unpickled, as an example of code in a checkpoint."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return (os.mkdir, (str(self.marker),))


def _flip_a_bit(pipeline: Path) -> None:
    content = bytearray((pipeline / WEIGHTS).read_bytes())
    content[len(content) // 2] ^= 1
    (pipeline / WEIGHTS).write_bytes(content)


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a flipped bit": (_flip_a_bit, f"{WEIGHTS} has been changed"),
    "cut short": (lambda pipeline: os.truncate(pipeline / WEIGHTS, 100), f"{WEIGHTS} has 100 bytes instead of"),
    "added": (lambda pipeline: (pipeline / "more.py").write_text(""), "more.py has been added"),
    "missing": (lambda pipeline: (pipeline / "config.yaml").unlink(), "config.yaml is missing"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_changed_model_is_rejected_before_torch_is_imported(pipeline: Path, damage: str) -> None:
    digest = manifest.compute(pipeline).digest
    change, message = DAMAGES[damage]
    change(pipeline)
    output = subprocess.check_output([sys.executable, "-c", LOADER, str(pipeline), digest], text=True).splitlines()
    assert message in output[0]
    assert output[0].startswith(f"The model in {pipeline} does not match the pinned digest {digest}")
    assert output[1] == "set()"


def test_code_in_a_changed_checkpoint_is_not_executed(pipeline: Path, run_dir: Path) -> None:
    digest, marker = manifest.compute(pipeline).digest, run_dir / "marker"
    (pipeline / WEIGHTS).write_bytes(pickle.dumps(MaliciousCheckpoint(marker)))
    with EngineProcess(run_dir, model_dir=pipeline, model_digest=digest) as engine:
        assert engine.process.wait(timeout=60) == MODEL_CORRUPT
        assert engine.log().splitlines()[-1].startswith(f"The model in {pipeline} does not match the pinned digest ")
    assert not marker.exists()

    with EngineProcess(run_dir, model_dir=pipeline) as engine:
        assert engine.process.wait(timeout=120) == MODEL_NOT_LOADED
    assert marker.exists(), "without a digest the code is executed"


def test_a_model_that_matches_its_digest_is_loaded(pipeline: Path, run_dir: Path) -> None:
    with EngineProcess(run_dir, model_dir=pipeline, model_digest=manifest.compute(pipeline).digest) as engine:
        engine.wait_for("/readyz")
