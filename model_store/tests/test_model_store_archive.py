"""A revision travels as a file, and arrives as it left or not at all."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from sd_harness.hub.downloader_process import Ended, Supply
from sd_harness.hub.fake_hub import Hub
from sd_harness.hub.hub_models import COMMUNITY_COMMIT
from sd_model_store import manifest

ELSEWHERE = "pyannote--speaker-diarization-community-1"


@pytest.fixture
def archive(hub: Hub, supply: Supply, tmp_path: Path) -> Path:
    place = supply.download(hub).place
    assert supply.run("export", "--directory", str(place), "--archive", str(tmp_path / "model.tar")).status == 0
    return tmp_path / "model.tar"


def import_(supply: Supply, archive: Path, *more: str) -> Ended:
    elsewhere = supply.folder / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    return supply.run("import", "--archive", str(archive), "--cache", str(elsewhere), *more)


def test_an_archive_becomes_the_same_revision_in_another_cache(supply: Supply, archive: Path) -> None:
    digest = manifest.take(supply.final()).digest
    ended = import_(supply, archive, "--digest", digest)
    assert ended.status == 0, ended.message
    assert ended.place == supply.folder / "elsewhere" / ELSEWHERE / COMMUNITY_COMMIT
    assert ended.document["digest"] == digest
    manifest.verify(ended.place, digest)
    assert import_(supply, archive).document["digest"] == digest, "and once more"


def test_an_imported_revision_is_not_downloaded(hub: Hub, supply: Supply, archive: Path) -> None:
    place = import_(supply, archive).place
    hub.asked.clear()
    supply.cache = place.parent.parent
    assert supply.download(hub, token=None).document["received_bytes"] == 0
    assert hub.asked == []


def test_the_same_revision_gives_the_same_archive(supply: Supply, archive: Path) -> None:
    again = supply.folder / "again.tar"
    os.utime(supply.final() / "config.yaml", (1, 1))
    supply.run("export", "--directory", str(supply.final()), "--archive", str(again))
    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(archive.read_bytes()).digest()


def test_a_damaged_revision_is_not_exported(supply: Supply, archive: Path) -> None:
    (supply.final() / "config.yaml").write_text("{}")
    ended = supply.run("export", "--directory", str(supply.final()), "--archive", str(archive.with_suffix(".new")))
    assert (ended.status, ended.reason) == (1, "Corrupt")
    assert "config.yaml" in ended.message
    assert not archive.with_suffix(".new").exists()


def _flip(archive: Path) -> None:
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 1
    archive.write_bytes(content)


def _with(member: tarfile.TarInfo, content: bytes = b"") -> Callable[[Path], None]:
    def add(archive: Path) -> None:
        member.size = len(content)
        with tarfile.open(archive, "a") as tar:
            tar.addfile(member, io.BytesIO(content))

    return add


def _link(name: str, kind: bytes, target: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type = kind
    member.linkname = target
    return member


def _pipe() -> tarfile.TarInfo:
    member = tarfile.TarInfo("pipe")
    member.type = tarfile.FIFOTYPE
    return member


HOSTILE: dict[str, Callable[[Path], object]] = {
    "a flipped bit": _flip,
    "cut short": lambda archive: os.truncate(archive, archive.stat().st_size // 2),
    "empty": lambda archive: archive.write_bytes(b""),
    "no archive": lambda archive: archive.write_bytes(b"x" * 5000),
    "not there": Path.unlink,
    "an added file": _with(tarfile.TarInfo("evil.py"), b"raise SystemExit"),
    "a file twice": _with(tarfile.TarInfo("config.yaml"), b"{}"),
    "a file where a folder is": _with(tarfile.TarInfo("embedding"), b"x"),
    "a file inside a file": _with(tarfile.TarInfo("config.yaml/x"), b"x"),
    "a path to outside": _with(tarfile.TarInfo("../evil"), b"x"),
    "an absolute path": _with(tarfile.TarInfo("/tmp/evil-of-a-test"), b"x"),
    "a symbolic link": _with(_link("x", tarfile.SYMTYPE, "/etc/passwd")),
    "a hard link": _with(_link("x", tarfile.LNKTYPE, "/etc/passwd")),
    "a pipe": _with(_pipe()),
}


@pytest.mark.parametrize("spoil", HOSTILE)
def test_a_spoilt_archive_leaves_nothing_behind(supply: Supply, archive: Path, spoil: str) -> None:
    HOSTILE[spoil](archive)
    ended = import_(supply, archive)
    assert (ended.status, ended.reason) == (1, "Corrupt"), ended.stderr
    elsewhere = supply.folder / "elsewhere"
    assert [path for path in elsewhere.rglob("*") if path.is_file() and path.name != ".lock"] == []
    assert not (supply.folder / "evil").exists()
    assert not Path("/tmp/evil-of-a-test").exists()


def test_an_archive_that_was_made_anew_with_other_weights_is_not_the_pinned_one(supply: Supply, archive: Path) -> None:
    digest = manifest.take(supply.final()).digest
    weights = supply.final() / "segmentation/pytorch_model.bin"
    weights.write_bytes(b"other")
    (supply.final() / manifest.FILE_NAME).write_bytes(manifest.take(supply.final()).canonical())
    assert supply.run("export", "--directory", str(supply.final()), "--archive", str(archive)).status == 0
    ended = import_(supply, archive, "--digest", digest)
    assert (ended.status, ended.reason) == (1, "Corrupt")
    assert digest in ended.message
