"""The commands: verification of a prepared directory, exit codes, and SIGTERM."""

from __future__ import annotations

import shutil
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sd_harness.hub import hub_faults
from sd_harness.hub.hub_models import COMMUNITY_CONFIG, THREE_ONE_CONFIG, TWO_ONE_CONFIG, community
from sd_harness.hub.hub_state import FakeHub
from sd_harness.hub.model_store_command import CompletedRun, ModelStoreCommand

SIGTERM_TIMEOUT_S = 40.0
"""Includes the start of Python on a busy machine; the fault would last for a minute."""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    for path, content in community(2000).files.items():
        target = tmp_path / "model" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return tmp_path / "model"


def verify(command: ModelStoreCommand, model: Path, *more: str) -> CompletedRun:
    return command.run("verify", "--directory", str(model), *more)


def test_verify_returns_a_digest_that_changes_with_the_files(command: ModelStoreCommand, model: Path) -> None:
    files_before = sorted(model.rglob("*"))
    first = verify(command, model)
    assert first.exit_code == 0, first.message
    assert verify(command, model, "--digest", first.document["digest"]).exit_code == 0
    assert sorted(model.rglob("*")) == files_before
    (model / "README.md").write_text("changed")
    changed = verify(command, model, "--digest", first.document["digest"])
    assert (changed.exit_code, changed.reason) == (1, "Corrupt")


def _config(text: str) -> Callable[[Path], object]:
    return lambda model: (model / "config.yaml").write_text(text)


def _replaced(old: str, new: str) -> Callable[[Path], object]:
    assert old in COMMUNITY_CONFIG
    return _config(COMMUNITY_CONFIG.replace(old, new))


def _replace_by_link(model: Path) -> None:
    (model / "plda/plda.npz").rename(model.parent / "plda.npz")
    (model / "plda/plda.npz").symlink_to(model.parent / "plda.npz")


REJECTED: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "no configuration": (lambda model: (model / "config.yaml").unlink(), "UnsupportedPipeline", "no config.yaml"),
    "no directory": (shutil.rmtree, "UnsupportedPipeline", "no config.yaml"),
    "invalid YAML": (_config("{"), "UnsupportedPipeline", "not valid YAML"),
    "a YAML tag that creates objects": (
        _config("!!python/object/apply:os.system [id]"),
        "UnsupportedPipeline",
        "not valid YAML",
    ),
    "pyannote.audio 2": (_config(TWO_ONE_CONFIG), "UnsupportedPipeline", "pyannote.audio 2"),
    "models in other repositories": (_config(THREE_ONE_CONFIG), "UnsupportedPipeline", "pyannote/segmentation-3.0"),
    "another class": (
        _replaced("pyannote.audio.pipelines.SpeakerDiarization", "os.system"),
        "UnsupportedPipeline",
        "os.system",
    ),
    "a hosted service": (
        _replaced("pyannote.audio.pipelines.SpeakerDiarization", "pyannote.audio.pipelines.pyannoteai.sdk.SDK"),
        "UnsupportedPipeline",
        "local hardware",
    ),
    "preprocessors": (
        _config(COMMUNITY_CONFIG + "preprocessors: {x: {name: os.system, params: {command: id}}}\n"),
        "UnsupportedPipeline",
        "preprocessors",
    ),
    "an absolute path of a model": (_replaced("$model/plda", "/etc/plda"), "UnsupportedPipeline", "/etc/plda"),
    "a model in the parent directory": (
        _replaced("$model/plda", "$model/../plda"),
        "UnsupportedPipeline",
        "neither a folder beside its configuration",
    ),
    "a URL of a model": (_replaced("$model/plda", "https://x.y/plda"), "UnsupportedPipeline", "https://x.y/plda"),
    "a local checkpoint with a subfolder outside": (
        _replaced("$model/plda", "{checkpoint: $model/plda, subfolder: ../../x}"),
        "UnsupportedPipeline",
        "neither a folder beside its configuration",
    ),
    "a repository with a subfolder outside": (
        _replaced("$model/plda", "{checkpoint: pyannote/x, subfolder: ../x}"),
        "UnsupportedPipeline",
        "neither a folder beside its configuration",
    ),
    "no weights": (
        lambda model: (model / "embedding/pytorch_model.bin").unlink(),
        "Corrupt",
        "embedding/pytorch_model.bin is missing",
    ),
    "a symbolic link": (_replace_by_link, "Corrupt", "cp -rL"),
}


@pytest.mark.parametrize("case", REJECTED)
def test_verify_rejects_an_unsupported_directory(command: ModelStoreCommand, model: Path, case: str) -> None:
    change, reason, text = REJECTED[case]
    change(model)
    run = verify(command, model)
    assert (run.exit_code, run.reason) == (1, reason), run.stderr
    assert text in run.message


def test_verify_accepts_a_pipeline_3_1_without_a_plda(command: ModelStoreCommand, model: Path) -> None:
    local = THREE_ONE_CONFIG.replace("pyannote/segmentation-3.0", "$model/segmentation").replace(
        "pyannote/wespeaker-voxceleb-resnet34-LM", "$model/embedding"
    )
    (model / "config.yaml").write_text(local)
    assert verify(command, model).exit_code == 0


def test_sigterm_ends_a_download_immediately(hub: FakeHub, command: ModelStoreCommand) -> None:
    fault_ended = threading.Event()
    hub.faults.append(hub_faults.no_response(fault_ended))
    process = command.start_download(hub)
    hub.wait_for_cdn_request()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=SIGTERM_TIMEOUT_S)
    fault_ended.set()
    assert process.returncode == 143
