"""A directory that somebody prepared: its digest is taken once and kept to; nothing in it is changed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sd_harness.hub.downloader_process import Ended, Supply
from sd_harness.hub.hub_models import COMMUNITY_CONFIG, THREE_ONE_CONFIG, TWO_ONE_CONFIG, community


@pytest.fixture
def model(tmp_path: Path) -> Path:
    for path, content in community(2000).files.items():
        target = tmp_path / "model" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return tmp_path / "model"


def adopt(supply: Supply, model: Path, *more: str) -> Ended:
    return supply.run("verify", "--directory", str(model), *more)


def test_its_digest_is_taken_and_kept_to(supply: Supply, model: Path) -> None:
    before = sorted(model.rglob("*"))
    first = adopt(supply, model)
    assert first.status == 0, first.message
    assert adopt(supply, model, "--digest", first.document["digest"]).status == 0
    assert sorted(model.rglob("*")) == before
    (model / "README.md").write_text("changed")
    changed = adopt(supply, model, "--digest", first.document["digest"])
    assert (changed.status, changed.reason) == (1, "Corrupt")


def _config(text: str) -> Callable[[Path], object]:
    return lambda model: (model / "config.yaml").write_text(text)


def _replaced(old: str, new: str) -> Callable[[Path], object]:
    assert old in COMMUNITY_CONFIG
    return _config(COMMUNITY_CONFIG.replace(old, new))


def _link(model: Path) -> None:
    (model / "plda/plda.npz").rename(model.parent / "plda.npz")
    (model / "plda/plda.npz").symlink_to(model.parent / "plda.npz")


REFUSED: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "no configuration": (lambda model: (model / "config.yaml").unlink(), "UnsupportedPipeline", "no config.yaml"),
    "not there": (shutil.rmtree, "UnsupportedPipeline", "no config.yaml"),
    "no YAML": (_config("{"), "UnsupportedPipeline", "no YAML"),
    "a YAML tag that makes objects": (
        _config("!!python/object/apply:os.system [id]"),
        "UnsupportedPipeline",
        "no YAML",
    ),
    "pyannote.audio 2": (_config(TWO_ONE_CONFIG), "UnsupportedPipeline", "pyannote.audio 2"),
    "models on a hub": (_config(THREE_ONE_CONFIG), "UnsupportedPipeline", "pyannote/segmentation-3.0"),
    "another class": (
        _replaced("pyannote.audio.pipelines.SpeakerDiarization", "os.system"),
        "UnsupportedPipeline",
        "os.system",
    ),
    "a service of somebody else": (
        _replaced("pyannote.audio.pipelines.SpeakerDiarization", "pyannote.audio.pipelines.pyannoteai.sdk.SDK"),
        "UnsupportedPipeline",
        "your own hardware",
    ),
    "preprocessors": (
        _config(COMMUNITY_CONFIG + "preprocessors: {x: {name: os.system, params: {command: id}}}\n"),
        "UnsupportedPipeline",
        "preprocessors",
    ),
    "a model outside": (_replaced("$model/plda", "/etc/plda"), "UnsupportedPipeline", "/etc/plda"),
    "a model above": (_replaced("$model/plda", "$model/../plda"), "UnsupportedPipeline", "a folder of its own"),
    "a model by URL": (_replaced("$model/plda", "https://x.y/plda"), "UnsupportedPipeline", "https://x.y/plda"),
    "a dict that leads outside": (
        _replaced("$model/plda", "{checkpoint: $model/plda, subfolder: ../../x}"),
        "UnsupportedPipeline",
        "a folder of its own",
    ),
    "a repository's folder outside of it": (
        _replaced("$model/plda", "{checkpoint: pyannote/x, subfolder: ../x}"),
        "UnsupportedPipeline",
        "a folder of its own",
    ),
    "no weights": (
        lambda model: (model / "embedding/pytorch_model.bin").unlink(),
        "Corrupt",
        "embedding/pytorch_model.bin is not there",
    ),
    "a link": (_link, "Corrupt", "cp -rL"),
}


@pytest.mark.parametrize("spoil", REFUSED)
def test_what_the_engine_should_not_load_is_refused(supply: Supply, model: Path, spoil: str) -> None:
    change, reason, words = REFUSED[spoil]
    change(model)
    ended = adopt(supply, model)
    assert (ended.status, ended.reason) == (1, reason), ended.stderr
    assert words in ended.message


def test_three_one_without_a_plda_is_complete(supply: Supply, model: Path) -> None:
    local = THREE_ONE_CONFIG.replace("pyannote/segmentation-3.0", "$model/segmentation").replace(
        "pyannote/wespeaker-voxceleb-resnet34-LM", "$model/embedding"
    )
    (model / "config.yaml").write_text(local)
    assert adopt(supply, model).status == 0
