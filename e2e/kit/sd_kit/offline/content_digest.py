"""The digest of an image's sources, which becomes part of its tag."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

DIGITS = 12


def digest(paths: Iterable[Path], versions: Iterable[str] = ()) -> str:
    """Return hex digits that depend on every byte of the files at and below `paths`, and on `versions`."""
    result = hashlib.sha256()
    for file in sorted(_files(paths)):
        result.update(f"{file.name}\0{file.stat().st_size}\0".encode() + file.read_bytes())
    for version in versions:
        result.update(f"{version}\0".encode())
    return result.hexdigest()[:DIGITS]


def _files(paths: Iterable[Path]) -> list[Path]:
    return [file for path in paths for file in (path.rglob("*") if path.is_dir() else [path]) if file.is_file()]
