"""Export of a cached revision as one tar archive, and import of it into another cache, for clusters without network."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, cast

from sd_model_store import disk_space, manifest, pipeline, provenance
from sd_model_store.cache import Cache, discard
from sd_model_store.deadline import Deadline
from sd_model_store.errors import CorruptError
from sd_model_store.result import Result

MAX_FILES = 1000


def export_revision(directory: Path, archive: Path) -> Result:
    """Write a cached revision into a tar archive; equal directories give equal bytes.

    Raises:
        CorruptError: The directory has no manifest, or does not match it.
        CacheUnusableError, InsufficientSpaceError: The archive cannot be written.
    """
    stored = manifest.read(directory)
    if stored is None:
        raise CorruptError(
            f"{directory} has no {manifest.FILE_NAME}. Export a directory that `download` or `import` has created."
        )
    verified = manifest.verify(directory, stored.digest)
    origin = provenance.read_origin(directory)
    unfinished = archive.with_name(archive.name + ".unfinished")
    with disk_space.mapped_write_errors(archive.parent):
        with tarfile.open(unfinished, "w", format=tarfile.PAX_FORMAT) as tar:
            for path in (manifest.FILE_NAME, *sorted(verified.files)):
                tar.add(directory / path, path, recursive=False, filter=_without_metadata)
        unfinished.rename(archive)
    return Result(archive, verified.digest, verified.size_bytes, origin)


def import_revision(archive: Path, cache: Cache, deadline: Deadline, digest: str | None = None) -> Result:
    """Unpack an exported archive to the path in the cache at which `download` would store the revision.

    Raises:
        CorruptError: The archive is damaged or malicious, or has another digest; nothing of it is kept.
        InsufficientSpaceError: The volume is too small.
    """
    with cache.locked(deadline), disk_space.mapped_write_errors(cache.root):
        discard(cache.import_path)
        try:
            return _import_locked(archive, cache, digest)
        finally:
            discard(cache.import_path)


def _import_locked(archive: Path, cache: Cache, digest: str | None) -> Result:
    unpacked = cache.import_path
    unpacked.mkdir()
    _unpack(archive, unpacked)
    stored = manifest.read(unpacked)
    if stored is None:
        raise CorruptError(f"{archive} contains no {manifest.FILE_NAME}. Use an archive that `export` has written.")
    verified = manifest.verify(unpacked, digest or stored.digest)
    pipeline.check_directory(unpacked)
    origin = provenance.read_origin(unpacked)
    final = cache.revision_path(origin.pipeline, origin.commit)
    if final.exists():  # it may be damaged, and the unpacked revision is verified
        cache.unpublish(final, cache.partial_path(origin.pipeline, origin.commit))
    cache.publish(unpacked, final)
    return Result(final, verified.digest, verified.size_bytes, origin)


def _unpack(archive: Path, directory: Path) -> None:
    try:
        with _open(archive) as file, tarfile.open(fileobj=file, mode="r:") as tar:
            members = [_checked(member, archive) for member in tar]
            if len(members) > MAX_FILES or _has_duplicates([member.name for member in members]):
                raise CorruptError(
                    f"{archive} contains duplicate paths or more than {MAX_FILES} files. It is not unpacked."
                )
            disk_space.require(directory, sum(member.size for member in members))
            for member in members:
                _extract(tar, member, directory)
    except (tarfile.TarError, EOFError) as error:
        raise CorruptError(f"{archive} is not a complete tar archive: {error}. Copy it again.") from error


def _open(archive: Path) -> BinaryIO:
    try:
        return archive.open("rb")
    except OSError as error:
        raise CorruptError(f"The archive {archive} cannot be read: {error.strerror}.") from error


def _has_duplicates(names: list[str]) -> bool:
    """Return True if two members have the same path, or a file has the path of another file's folder."""
    folders = {str(folder) for name in names for folder in PurePosixPath(name).parents}
    return len(set(names)) < len(names) or not folders.isdisjoint(names)


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, directory: Path) -> None:
    """Write one file. Debian 12's tarfile has no extraction filters, and without one it applies owners and modes."""
    path = directory / member.name
    path.parent.mkdir(parents=True, exist_ok=True)
    with cast("IO[bytes]", tar.extractfile(member)) as content, path.open("xb") as target:
        shutil.copyfileobj(content, target)


def _checked(member: tarfile.TarInfo, archive: Path) -> tarfile.TarInfo:
    path = PurePosixPath(member.name)
    if not member.isreg() or member.issparse() or path.is_absolute() or ".." in path.parts or str(path) != member.name:
        raise CorruptError(
            f"{archive} contains {member.name!r}, which is not a regular file with a relative path. The archive was "
            "not created by `export`, or has been modified. It is not unpacked."
        )
    return member


def _without_metadata(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = 0
    member.mode = 0o644
    return member
