"""The manifest of a model directory: size and sha256 of every file, and one digest of all of them.

Call `verify` before loading a model: a checkpoint is a pickle, and unpickling can run arbitrary code. This module and
`errors` need the standard library only, so that the check runs before any large import.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sd_model_store.errors import CorruptError

FILE_NAME = "manifest.json"
DIGEST_PREFIX = "sha256:"
_FILE_SYSTEM_FOLDER = "lost+found"
"""ext4 creates this folder in the root of a volume, readable by root only; no pipeline contains it."""
_MAX_LISTED_DIFFERENCES = 5


@dataclass(frozen=True, slots=True)
class Manifest:
    """All files of a directory except the manifest itself: relative path to (sha256 in hex, size in bytes)."""

    files: dict[str, tuple[str, int]]

    def canonical(self) -> bytes:
        """Return the canonical JSON encoding: equal files give equal bytes."""
        files = {path: {"sha256": sha256, "size_bytes": size} for path, (sha256, size) in sorted(self.files.items())}
        return json.dumps({"version": 1, "files": files}, indent=1).encode() + b"\n"

    @property
    def digest(self) -> str:
        """The digest to pin: `sha256:` and the sha256 of the canonical encoding."""
        return DIGEST_PREFIX + hashlib.sha256(self.canonical()).hexdigest()

    @property
    def size_bytes(self) -> int:
        return sum(size for _, size in self.files.values())


def compute(directory: Path) -> Manifest:
    """Return the manifest of the files in `directory`; reads every file once.

    Raises:
        CorruptError: The directory contains anything but regular files and folders, or cannot be read.
    """
    try:
        return Manifest({path.relative_to(directory).as_posix(): _hash(path) for path in _files(directory)})
    except OSError as error:
        raise CorruptError(f"The model in {directory} cannot be read: {error}.") from error


def verify(directory: Path, digest: str) -> Manifest:
    """Check that the files in `directory` have exactly the digest `digest`; reads every file once.

    The usual pipelines have 33 MB, whose sha256 takes well under a second. The directory must not be writable by
    others between this check and the loading: mount it read-only.

    Raises:
        CorruptError: A file is changed, truncated, missing, added or not a regular file; the message names it.
    """
    actual = compute(directory)
    if actual.digest == digest:
        return actual
    expected = read(directory)
    differences = _differences(expected, actual) if expected is not None and expected.digest == digest else []
    detail = "; ".join(differences[:_MAX_LISTED_DIFFERENCES]) or "its files have a different digest"
    raise CorruptError(
        f"The model in {directory} does not match the pinned digest {digest}: {detail}. It is not loaded. "
        f"Restore the original files, or pin {actual.digest} if the change is intended."
    )


def read(directory: Path) -> Manifest | None:
    """Return the manifest stored in `directory`, or None if it is missing or unreadable."""
    try:
        document = json.loads((directory / FILE_NAME).read_bytes())
        return Manifest({path: (entry["sha256"], entry["size_bytes"]) for path, entry in document["files"].items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _differences(expected: Manifest, actual: Manifest) -> list[str]:
    return [
        *(f"{path} is missing" for path in sorted(expected.files.keys() - actual.files.keys())),
        *(f"{path} has been added" for path in sorted(actual.files.keys() - expected.files.keys())),
        *(
            f"{path} has {actual.files[path][1]} bytes instead of {size}"
            if actual.files[path][1] != size
            else f"{path} has been changed"
            for path, (sha256, size) in sorted(expected.files.items())
            if path in actual.files and actual.files[path] != (sha256, size)
        ),
    ]


def _files(directory: Path, *, is_root: bool = True) -> Iterator[Path]:
    """Yield all files below `directory`, sorted by name. Symbolic links are rejected: their target can change later."""
    for entry in sorted(os.scandir(directory), key=lambda entry: entry.name):
        if is_root and entry.name in (FILE_NAME, _FILE_SYSTEM_FOLDER):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _files(Path(entry.path), is_root=False)
        elif entry.is_file(follow_symlinks=False):
            yield Path(entry.path)
        else:
            kind = "a symbolic link" if entry.is_symlink() else "not a regular file"
            raise CorruptError(
                f"{entry.path} is {kind}. A model directory may contain regular files only: copy it with `cp -rL`."
            )


def _hash(path: Path) -> tuple[str, int]:
    """Return (sha256, size). A file that was replaced by a link or pipe after the listing is not followed."""
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:  # noqa: PTH123 - flags
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise CorruptError(f"{path} is not a regular file.")
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return sha256, file.tell()
