"""What a model's directory holds, file by file, and the one digest that stands for all of it.

Whoever loads a model calls `verify` first: a checkpoint is a pickle, and unpickling runs what is in it. The standard
library is all that is needed here, so that the check comes before anything large is imported.
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
_NOT_OURS = "lost+found"
"""What ext4 puts in the root of a volume; only root may read it, and no pipeline names it."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Every file of a directory but the manifest itself: its path to (sha256 in hex, size in bytes)."""

    files: dict[str, tuple[str, int]]

    def canonical(self) -> bytes:
        """The same bytes for the same files, whoever writes them down."""
        files = {path: {"sha256": sha256, "size_bytes": size} for path, (sha256, size) in sorted(self.files.items())}
        return json.dumps({"version": 1, "files": files}, indent=1).encode() + b"\n"

    @property
    def digest(self) -> str:
        """`sha256:` and the digest of the canonical bytes: what is pinned."""
        return DIGEST_PREFIX + hashlib.sha256(self.canonical()).hexdigest()

    @property
    def size_bytes(self) -> int:
        return sum(size for _, size in self.files.values())


def take(directory: Path) -> Manifest:
    """Reads every file in `directory` once.

    Raises:
        CorruptError: something in it is not a plain file, or cannot be read.
    """
    try:
        return Manifest({path.relative_to(directory).as_posix(): _read(path) for path in _files(directory)})
    except OSError as error:
        raise CorruptError(f"The model in {directory} cannot be read: {error}.") from error


def verify(directory: Path, digest: str) -> Manifest:
    """Makes sure that `directory` holds exactly the files that `digest` was taken of. Reads every file once.

    The cost is one sha256 over the whole, 33 MB for the usual pipelines: well under a second. The directory must not
    be writable for others between this and the loading: mount it read-only.

    Raises:
        CorruptError: a file is changed, cut short, missing, added, or not a plain file; the sentence names it.
    """
    found = take(directory)
    if found.digest == digest:
        return found
    expected = stored(directory)
    differences = _differences(expected, found) if expected is not None and expected.digest == digest else []
    what = "; ".join(differences[:5]) or "its files add up to another digest"
    raise CorruptError(
        f"The model in {directory} is not the one that was pinned as {digest}: {what}. It is not loaded. "
        f"Bring it back as it was, or, if the change was meant, pin {found.digest}."
    )


def stored(directory: Path) -> Manifest | None:
    """The manifest that was laid beside the files; None = there is none that can be read."""
    try:
        document = json.loads((directory / FILE_NAME).read_bytes())
        return Manifest({path: (entry["sha256"], entry["size_bytes"]) for path, entry in document["files"].items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _differences(expected: Manifest, found: Manifest) -> list[str]:
    return [
        *(f"{path} is missing" for path in sorted(expected.files.keys() - found.files.keys())),
        *(f"{path} has been added" for path in sorted(found.files.keys() - expected.files.keys())),
        *(
            f"{path} has {found.files[path][1]} bytes instead of {size}"
            if found.files[path][1] != size
            else f"{path} has been changed"
            for path, (sha256, size) in sorted(expected.files.items())
            if path in found.files and found.files[path] != (sha256, size)
        ),
    ]


def _files(directory: Path, *, root: bool = True) -> Iterator[Path]:
    """Every file below, sorted by name; a link may lead anywhere and later elsewhere, so there are none."""
    for entry in sorted(os.scandir(directory), key=lambda entry: entry.name):
        if root and entry.name in (FILE_NAME, _NOT_OURS):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _files(Path(entry.path), root=False)
        elif entry.is_file(follow_symlinks=False):
            yield Path(entry.path)
        else:
            kind = "a symbolic link" if entry.is_symlink() else "not a plain file"
            raise CorruptError(
                f"{entry.path} is {kind}. A model's directory holds plain files only: copy it with `cp -rL`."
            )


def _read(path: Path) -> tuple[str, int]:
    """The file's (sha256, size); what became a link or a pipe since it was listed is not followed."""
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:  # noqa: PTH123 - flags
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise CorruptError(f"{path} is not a plain file.")
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return sha256, file.tell()
