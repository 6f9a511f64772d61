"""Verification of a model directory: any change of its files is detected, and the file named."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sd_model_store import manifest
from sd_model_store.errors import CorruptError


@pytest.fixture
def model(tmp_path: Path) -> Path:
    directory = tmp_path / "model"
    (directory / "segmentation").mkdir(parents=True)
    (directory / "config.yaml").write_text("pipeline: {}\n")
    (directory / "segmentation/pytorch_model.bin").write_bytes(bytes(range(256)) * 100)
    (directory / manifest.FILE_NAME).write_bytes(manifest.compute(directory).canonical())
    return directory


def weights(model: Path) -> Path:
    return model / "segmentation/pytorch_model.bin"


def _flip_bit(model: Path) -> None:
    content = bytearray(weights(model).read_bytes())
    content[7] ^= 1
    weights(model).write_bytes(content)


def _link_inside(model: Path) -> None:
    weights(model).rename(model / "elsewhere.bin")
    weights(model).symlink_to("../elsewhere.bin")


def _link_outside(model: Path) -> None:
    weights(model).rename(model.parent / "elsewhere.bin")
    weights(model).symlink_to(model.parent / "elsewhere.bin")


def _folder_link(model: Path) -> None:
    (model / "segmentation").rename(model.parent / "elsewhere")
    (model / "segmentation").symlink_to(model.parent / "elsewhere")


def _pipe(model: Path) -> None:
    weights(model).unlink()
    os.mkfifo(weights(model))


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a flipped bit": (_flip_bit, "segmentation/pytorch_model.bin has been changed"),
    "truncated": (lambda model: os.truncate(weights(model), 25_000), "has 25000 bytes instead of 25600"),
    "missing": (lambda model: weights(model).unlink(), "segmentation/pytorch_model.bin is missing"),
    "added": (lambda model: (model / "evil.py").write_text(""), "evil.py has been added"),
    "added in a folder": (lambda model: (model / "segmentation/x").write_text(""), "segmentation/x has been added"),
    "a hidden file": (lambda model: (model / ".x").write_text(""), ".x has been added"),
    "renamed": (lambda model: weights(model).rename(model / "w.bin"), "w.bin has been added"),
    "a link to outside": (_link_outside, "is a symbolic link"),
    "a link to inside": (_link_inside, "is a symbolic link"),
    "a folder that is a link": (_folder_link, "is a symbolic link"),
    "a dangling link": (lambda model: (model / "x").symlink_to("/nowhere"), "is a symbolic link"),
    "a pipe": (_pipe, "is not a regular file"),
    "no directory": (lambda model: model.rename(model.parent / "moved"), "cannot be read"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_changed_directory_is_rejected_and_the_file_named(model: Path, damage: str) -> None:
    digest = manifest.compute(model).digest
    change, text = DAMAGES[damage]
    change(model)
    with pytest.raises(CorruptError, match=text.replace(".", r"\.")):
        manifest.verify(model, digest)


def test_an_unchanged_directory_is_accepted(model: Path) -> None:
    verified = manifest.verify(model, manifest.compute(model).digest)
    assert verified.size_bytes == 25_600 + len("pipeline: {}\n")


def test_a_manifest_that_was_changed_with_its_files_is_rejected(model: Path) -> None:
    digest = manifest.compute(model).digest
    _flip_bit(model)
    (model / manifest.FILE_NAME).write_bytes(manifest.compute(model).canonical())
    with pytest.raises(CorruptError, match="its files have a different digest"):
        manifest.verify(model, digest)


def test_a_directory_without_a_manifest_is_verified_by_its_files(model: Path) -> None:
    digest = manifest.compute(model).digest
    (model / manifest.FILE_NAME).unlink()
    assert manifest.verify(model, digest).digest == digest


def test_lost_and_found_in_the_root_of_a_volume_is_ignored(model: Path) -> None:
    digest = manifest.compute(model).digest
    (model / "lost+found").mkdir()
    assert manifest.compute(model).digest == digest
    (model / "segmentation/lost+found").mkdir()
    (model / "segmentation/lost+found/x").write_text("")
    assert manifest.compute(model).digest != digest


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"files": {"x": 1}}', b"\xff"])
def test_an_invalid_stored_manifest_is_ignored(model: Path, content: bytes) -> None:
    digest = manifest.compute(model).digest
    (model / manifest.FILE_NAME).write_bytes(content)
    assert manifest.read(model) is None
    assert manifest.verify(model, digest).digest == digest


class MaliciousCheckpoint:
    """Runs a command when it is unpickled, as a checkpoint can."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return (os.mkdir, (str(self.marker),))


PROGRAM = """
import pickle, sys
from pathlib import Path
from sd_model_store import manifest
directory = Path(sys.argv[1])
manifest.verify(directory, sys.argv[2])
pickle.loads((directory / "segmentation/pytorch_model.bin").read_bytes())
"""


def test_a_checkpoint_that_runs_code_is_rejected_before_unpickling(model: Path, tmp_path: Path) -> None:
    digest, marker = manifest.compute(model).digest, tmp_path / "marker"
    weights(model).write_bytes(pickle.dumps(MaliciousCheckpoint(marker)))
    assert "CorruptError" in _load(model, digest)
    assert not marker.exists()
    _load(model, manifest.compute(model).digest)
    assert marker.exists(), "without verification, the code runs"


def _load(model: Path, digest: str) -> str:
    command = [sys.executable, "-c", PROGRAM, str(model), digest]
    return subprocess.run(command, check=False, capture_output=True, text=True).stderr


def test_verification_imports_the_standard_library_only() -> None:
    listed = "import sys, sd_model_store.manifest; print(*{name.split('.')[0] for name in sys.modules})"
    before = subprocess.check_output([sys.executable, "-c", "import sys; print(*sys.modules)"], text=True)
    after = subprocess.check_output([sys.executable, "-c", listed], text=True)
    new = set(after.split()) - {name.split(".")[0] for name in before.split()} - {"sd_model_store"}
    assert new <= set(sys.stdlib_module_names)
