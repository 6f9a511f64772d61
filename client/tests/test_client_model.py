"""`sd model export` and `sd model import`: a model travels as one file, or a sentence says why not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sd_client.__main__ import main
from sd_model_store import manifest
from sd_model_store.origin import Origin

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
    """A model as a download leaves it; its weights are none."""
    directory = tmp_path / "model"
    for path in WEIGHTS:
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_bytes(path.encode() * 1000)
    (directory / "config.yaml").write_text(CONFIG)
    Origin(PIPELINE, COMMIT, {PIPELINE: COMMIT}).write(directory)
    (directory / manifest.FILE_NAME).write_bytes(manifest.take(directory).canonical())
    return directory


def test_a_model_travels_as_one_file(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    digest, archive, cache = manifest.take(model).digest, tmp_path / "model.tar", tmp_path / "cache"
    assert main(["model", "export", str(model), str(archive)]) == 0
    said = capsys.readouterr()
    assert said.out == f"{archive} holds {PIPELINE} at {COMMIT}, 0.1 MB.\nIts digest is {digest}.\n"
    assert said.err == ""

    assert main(["model", "import", str(archive), str(cache), "--digest", digest]) == 0
    place = cache / "pyannote--speaker-diarization-community-1" / COMMIT
    assert capsys.readouterr().out.startswith(f"{place} holds {PIPELINE} at {COMMIT}")
    assert manifest.verify(place, digest).files == manifest.take(model).files


def test_what_was_changed_on_the_way_is_not_imported(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "model.tar"
    main(["model", "export", str(model), str(archive)])
    archive.write_bytes(archive.read_bytes().replace(b"plda/plda.npzplda", b"plda/plda.npzPLDA"))
    assert main(["model", "import", str(archive), str(tmp_path / "cache")]) == 1
    said = capsys.readouterr().err
    assert "plda/plda.npz has been changed" in said
    assert said.count("\n") == 1
    assert list((tmp_path / "cache").glob("pyannote*")) == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["export", "{here}", "{here}/model.tar"], "{here} has no manifest.json: export what `download` or `import`"),
        (["export", "{model}", "{here}/no/model.tar"], "{here}/no cannot be written: No such file or directory."),
        (["import", "{here}/none.tar", "{here}/cache"], "The archive {here}/none.tar cannot be read: No such file"),
        (["import", "{here}", "{here}/cache"], "The archive {here} cannot be read: Is a directory."),
        (["import", "{model}/config.yaml", "{here}/cache"], "config.yaml is no whole tar archive"),
        (["import", "{model}/config.yaml", "{model}/config.yaml"], "The cache {model}/config.yaml cannot be written"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    names = {"here": tmp_path, "model": model}
    assert main(["model", *(word.format(**names) for word in words)]) == 1
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert sentence.format(**names) in said.err


@pytest.mark.parametrize("words", [[], ["export"], ["import", "model.tar"], ["export", "a", "b", "c"]])
def test_a_wrong_command_line_ends_with_two(words: list[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["model", *words])
    assert left.value.code == 2


def test_help_tells_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["model", "--help"])
    assert "  1  not done: the model is damaged or not the one that is pinned" in capsys.readouterr().out


def test_who_sends_a_recording_does_not_wait_for_it() -> None:
    code = "import sys; from sd_client.__main__ import main; main(['diarize', '/nowhere']); print({*sys.modules})"
    imported = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout
    assert "sd_client.arguments" in imported
    assert "yaml" not in imported
    assert "sd_model_store" not in imported
