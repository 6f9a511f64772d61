"""A revision as one file, for where there is no network: out of one cache, checked, and into another, checked again."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, cast

from sd_model_store import manifest, origin, pipeline, space
from sd_model_store.cache import Cache, discard
from sd_model_store.deadline import Deadline
from sd_model_store.errors import CorruptError
from sd_model_store.result import Supplied

MAX_FILES = 1000


def export(directory: Path, archive: Path) -> Supplied:
    """Writes the directory into a tar archive; the same directory gives the same bytes.

    Raises:
        CorruptError: the directory is not what its manifest says, or was not downloaded by this command.
    """
    known = manifest.stored(directory)
    if known is None:
        raise CorruptError(f"{directory} has no {manifest.FILE_NAME}: export what `download` or `import` has made.")
    found = manifest.verify(directory, known.digest)
    where_from = origin.read(directory)
    unfinished = archive.with_name(archive.name + ".unfinished")
    with space.writing(archive.parent):
        with tarfile.open(unfinished, "w", format=tarfile.PAX_FORMAT) as tar:
            for path in (manifest.FILE_NAME, *sorted(found.files)):
                tar.add(directory / path, path, recursive=False, filter=_anonymous)
        unfinished.rename(archive)
    return Supplied(archive, found.digest, found.size_bytes, where_from)


def import_(archive: Path, cache: Cache, deadline: Deadline, digest: str | None = None) -> Supplied:
    """Puts the archive's revision into the cache, where `download` would have put it.

    Raises:
        CorruptError: the archive is damaged, hostile, or not the one that was pinned; nothing of it is kept.
        InsufficientSpaceError: it does not fit.
    """
    with cache.locked(deadline), space.writing(cache.root):
        work = cache.import_work
        discard(work)
        try:
            return _import(archive, cache, work, digest)
        finally:
            discard(work)


def _import(archive: Path, cache: Cache, work: Path, digest: str | None) -> Supplied:
    work.mkdir()
    _unpack(archive, work)
    known = manifest.stored(work)
    if known is None:
        raise CorruptError(f"{archive} holds no {manifest.FILE_NAME}: it is no archive that `export` has written.")
    found = manifest.verify(work, digest or known.digest)
    pipeline.check_directory(work)
    where_from = origin.read(work)
    final = cache.revision(where_from.pipeline, where_from.commit)
    if final.exists():  # what has just been verified takes the place of what may be damaged
        cache.take_back(final, cache.work(where_from.pipeline, where_from.commit))
    cache.publish(work, final)
    return Supplied(final, found.digest, found.size_bytes, where_from)


def _unpack(archive: Path, work: Path) -> None:
    try:
        with _opened(archive) as file, tarfile.open(fileobj=file, mode="r:") as tar:
            members = [_checked(member, archive) for member in tar]
            if len(members) > MAX_FILES or _is_ambiguous([member.name for member in members]):
                raise CorruptError(f"{archive} names a file twice, or more than {MAX_FILES}. It is not unpacked.")
            space.require(work, sum(member.size for member in members))
            for member in members:
                _extract(tar, member, work)
    except (tarfile.TarError, EOFError) as error:
        raise CorruptError(f"{archive} is no whole tar archive: {error}. Copy it again.") from error


def _opened(archive: Path) -> BinaryIO:
    try:
        return archive.open("rb")
    except OSError as error:
        raise CorruptError(f"The archive {archive} cannot be read: {error.strerror}.") from error


def _is_ambiguous(names: list[str]) -> bool:
    """Whether a name is given twice: to two files, or to a file and to a folder that another one lies in."""
    folders = {str(folder) for name in names for folder in PurePosixPath(name).parents}
    return len(set(names)) < len(names) or not folders.isdisjoint(names)


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, work: Path) -> None:
    """By hand: Debian 12's tarfile has no filters yet, and without one it takes over owners and modes."""
    path = work / member.name
    path.parent.mkdir(parents=True, exist_ok=True)
    with cast("IO[bytes]", tar.extractfile(member)) as content, path.open("xb") as into:
        shutil.copyfileobj(content, into)


def _checked(member: tarfile.TarInfo, archive: Path) -> tarfile.TarInfo:
    path = PurePosixPath(member.name)
    if not member.isreg() or member.issparse() or path.is_absolute() or ".." in path.parts or str(path) != member.name:
        raise CorruptError(
            f"{archive} holds {member.name!r}, which is no plain file inside it. It was not made by `export`, "
            "or has been tampered with, and is not unpacked."
        )
    return member


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = 0
    member.mode = 0o644
    return member
