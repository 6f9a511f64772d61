"""A model that is not the one that was pinned is refused before a byte of it can do anything."""

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


class Hostile:
    """Makes a directory when it is unpickled; a checkpoint can do anything else just as well."""

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
def test_a_changed_model_is_refused_before_anything_that_could_load_it_is_imported(pipeline: Path, damage: str) -> None:
    digest = manifest.compute(pipeline).digest
    change, words = DAMAGES[damage]
    change(pipeline)
    said = subprocess.check_output([sys.executable, "-c", LOADER, str(pipeline), digest], text=True).splitlines()
    assert words in said[0]
    assert said[0].startswith(f"The model in {pipeline} does not match the pinned digest {digest}")
    assert said[1] == "set()"


def test_a_checkpoint_that_runs_code_never_gets_to_run_it(pipeline: Path, run_dir: Path) -> None:
    digest, marker = manifest.compute(pipeline).digest, run_dir / "marker"
    (pipeline / WEIGHTS).write_bytes(pickle.dumps(Hostile(marker)))
    with EngineProcess(run_dir, model_dir=pipeline, model_digest=digest) as engine:
        assert engine.process.wait(timeout=60) == MODEL_CORRUPT
        assert engine.log().splitlines()[-1].startswith(f"The model in {pipeline} does not match the pinned digest ")
    assert not marker.exists()

    with EngineProcess(run_dir, model_dir=pipeline) as engine:
        assert engine.process.wait(timeout=120) == MODEL_NOT_LOADED
    assert marker.exists(), "it would have run"


def test_the_model_that_was_pinned_is_loaded(pipeline: Path, run_dir: Path) -> None:
    with EngineProcess(run_dir, model_dir=pipeline, model_digest=manifest.compute(pipeline).digest) as engine:
        engine.wait_for("/readyz")
