"""`sd model export` and `sd model import`: export and import of a model as one file, and their error messages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sd_client.__main__ import main
from sd_model_store import manifest, provenance
from sd_model_store.provenance import Origin

PIPELINE, COMMIT = "pyannote/speaker-diarization-community-1", "a" * 40
CONFIG = """\
pipeline:
  name: pyannote.audio.pipelines.SpeakerDiarization
  params: {segmentation: $model/segmentation, embedding: $model/embedding, plda: $model/plda}
"""
WEIGHTS = (
    "segmentation/pytorch_model.bin",
    "embedding/pytorch_model.bin",
    "plda/plda.npz",
    "plda/xvec_transform.npz",
)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A downloaded model with placeholder weights."""
    directory = tmp_path / "model"
    for path in WEIGHTS:
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_bytes(path.encode() * 1000)
    (directory / "config.yaml").write_text(CONFIG)
    provenance.write_origin(directory, Origin(PIPELINE, COMMIT, {PIPELINE: COMMIT}))
    (directory / manifest.FILE_NAME).write_bytes(manifest.compute(directory).canonical())
    return directory


def test_a_model_is_exported_and_imported(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    digest, archive, cache = manifest.compute(model).digest, tmp_path / "model.tar", tmp_path / "cache"
    assert main(["model", "export", str(model), str(archive)]) == 0
    output = capsys.readouterr()
    assert output.out == f"{archive} contains {PIPELINE} at {COMMIT}, 0.1 MB.\nIts digest is {digest}.\n"
    assert output.err == ""

    assert main(["model", "import", str(archive), str(cache), "--digest", digest]) == 0
    path = cache / "pyannote--speaker-diarization-community-1" / COMMIT
    assert capsys.readouterr().out.startswith(f"{path} contains {PIPELINE} at {COMMIT}")
    assert manifest.verify(path, digest).files == manifest.compute(model).files


def test_a_modified_archive_is_not_imported(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive = tmp_path / "model.tar"
    main(["model", "export", str(model), str(archive)])
    archive.write_bytes(archive.read_bytes().replace(b"plda/plda.npzplda", b"plda/plda.npzPLDA"))
    assert main(["model", "import", str(archive), str(tmp_path / "cache")]) == 1
    error = capsys.readouterr().err
    assert "plda/plda.npz has been changed" in error
    assert error.count("\n") == 1
    assert list((tmp_path / "cache").glob("pyannote*")) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["export", "{here}", "{here}/model.tar"], "{here} has no manifest.json. Export a directory that"),
        (["export", "{model}", "{here}/no/model.tar"], "{here}/no is not writable: No such file or directory."),
        (["import", "{here}/none.tar", "{here}/cache"], "The archive {here}/none.tar cannot be read: No such file"),
        (["import", "{here}", "{here}/cache"], "The archive {here} cannot be read: Is a directory."),
        (["import", "{model}/config.yaml", "{here}/cache"], "config.yaml is not a complete tar archive"),
        (["import", "{model}/config.yaml", "{model}/config.yaml"], "The cache {model}/config.yaml is not writable"),
    ],
)
def test_a_failure_is_one_line_on_stderr(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    paths = {"here": tmp_path, "model": model}
    assert main(["model", *(argument.format(**paths) for argument in arguments)]) == 1
    output = capsys.readouterr()
    assert (output.out, output.err.count("\n")) == ("", 1)
    assert message.format(**paths) in output.err


@pytest.mark.parametrize("arguments", [[], ["export"], ["import", "model.tar"], ["export", "a", "b", "c"]])
def test_an_invalid_command_line_exits_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as exit_info:
        main(["model", *arguments])
    assert exit_info.value.code == 2


def test_help_lists_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["model", "--help"])
    assert "  1  failed: the model is damaged or differs from its digest" in capsys.readouterr().out


def test_diarize_does_not_import_the_model_store() -> None:
    code = "import sys; from sd_client.__main__ import main; main(['diarize', '/nowhere']); print({*sys.modules})"
    imported = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout
    assert "sd_client.arguments" in imported
    assert "yaml" not in imported
    assert "sd_model_store" not in imported
