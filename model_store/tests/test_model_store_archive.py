"""Export and import of an archive: the imported revision equals the exported one, or nothing is imported."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from sd_harness.hub import fake_hub, hub_models
from sd_harness.hub.hub_models import COMMUNITY_COMMIT
from sd_harness.hub.hub_state import FakeHub
from sd_harness.hub.model_store_command import CompletedRun, ModelStoreCommand
from sd_model_store import manifest

COMMUNITY_FOLDER = "pyannote--speaker-diarization-community-1"


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a downloaded revision in `cache` and its archive, which tests copy."""
    command = ModelStoreCommand(tmp_path_factory.mktemp("exported"))
    with fake_hub.running(hub_models.three_one()) as hub:
        path = command.download(hub).path
    archive = command.folder / "model.tar"
    assert command.run("export", "--directory", str(path), "--archive", str(archive)).exit_code == 0
    return command.folder


@pytest.fixture
def archive(exported: Path, command: ModelStoreCommand) -> Path:
    shutil.copytree(exported / "cache", command.cache, symlinks=True, dirs_exist_ok=True)
    return Path(shutil.copy2(exported / "model.tar", command.folder))


def import_(command: ModelStoreCommand, archive: Path, *more: str) -> CompletedRun:
    other_cache = command.folder / "other"
    other_cache.mkdir(exist_ok=True)
    return command.run("import", "--archive", str(archive), "--cache", str(other_cache), *more)


def test_an_imported_archive_becomes_the_same_revision_in_another_cache(
    command: ModelStoreCommand, archive: Path
) -> None:
    digest = manifest.compute(command.revision_path()).digest
    run = import_(command, archive, "--digest", digest)
    assert run.exit_code == 0, run.message
    assert run.path == command.folder / "other" / COMMUNITY_FOLDER / COMMUNITY_COMMIT
    assert run.document["digest"] == digest
    manifest.verify(run.path, digest)
    assert import_(command, archive).document["digest"] == digest, "a second import succeeds as well"


def test_an_imported_revision_is_not_downloaded(hub: FakeHub, command: ModelStoreCommand, archive: Path) -> None:
    path = import_(command, archive).path
    hub.requests.clear()
    command.cache = path.parent.parent
    assert command.download(hub, token=None).document["received_bytes"] == 0
    assert hub.requests == []


def test_equal_revisions_give_equal_archives(command: ModelStoreCommand, archive: Path) -> None:
    second = command.folder / "second.tar"
    os.utime(command.revision_path() / "config.yaml", (1, 1))
    command.run("export", "--directory", str(command.revision_path()), "--archive", str(second))
    assert hashlib.sha256(second.read_bytes()).digest() == hashlib.sha256(archive.read_bytes()).digest()


def test_a_damaged_revision_is_not_exported(command: ModelStoreCommand, archive: Path) -> None:
    revision, second = command.revision_path(), archive.with_suffix(".new")
    (revision / "config.yaml").write_text("{}")
    run = command.run("export", "--directory", str(revision), "--archive", str(second))
    assert (run.exit_code, run.reason) == (1, "Corrupt")
    assert "config.yaml" in run.message
    assert not second.exists()


def _flip_bit(archive: Path) -> None:
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


INVALID_ARCHIVES: dict[str, Callable[[Path], object]] = {
    "a flipped bit": _flip_bit,
    "truncated": lambda archive: os.truncate(archive, archive.stat().st_size // 2),
    "empty": lambda archive: archive.write_bytes(b""),
    "not an archive": lambda archive: archive.write_bytes(b"x" * 5000),
    "missing": Path.unlink,
    "an added file": _with(tarfile.TarInfo("evil.py"), b"raise SystemExit"),
    "a duplicate file": _with(tarfile.TarInfo("config.yaml"), b"{}"),
    "a file with the path of a folder": _with(tarfile.TarInfo("embedding"), b"x"),
    "a file below a file": _with(tarfile.TarInfo("config.yaml/x"), b"x"),
    "a path to the parent directory": _with(tarfile.TarInfo("../evil"), b"x"),
    "an absolute path": _with(tarfile.TarInfo("/tmp/evil-of-a-test"), b"x"),
    "a symbolic link": _with(_link("x", tarfile.SYMTYPE, "/etc/passwd")),
    "a hard link": _with(_link("x", tarfile.LNKTYPE, "/etc/passwd")),
    "a pipe": _with(_pipe()),
}


@pytest.mark.parametrize("case", INVALID_ARCHIVES)
def test_nothing_of_an_invalid_archive_is_kept(command: ModelStoreCommand, archive: Path, case: str) -> None:
    INVALID_ARCHIVES[case](archive)
    run = import_(command, archive)
    assert (run.exit_code, run.reason) == (1, "Corrupt"), run.stderr
    other_cache = command.folder / "other"
    assert [path for path in other_cache.rglob("*") if path.is_file() and path.name != ".lock"] == []
    assert not (command.folder / "evil").exists()
    assert not Path("/tmp/evil-of-a-test").exists()


def test_an_archive_with_other_weights_does_not_match_the_pinned_digest(
    command: ModelStoreCommand, archive: Path
) -> None:
    revision = command.revision_path()
    digest = manifest.compute(revision).digest
    (revision / "segmentation/pytorch_model.bin").write_bytes(b"other")
    (revision / manifest.FILE_NAME).write_bytes(manifest.compute(revision).canonical())
    assert command.run("export", "--directory", str(revision), "--archive", str(archive)).exit_code == 0
    run = import_(command, archive, "--digest", digest)
    assert (run.exit_code, run.reason) == (1, "Corrupt")
    assert digest in run.message
