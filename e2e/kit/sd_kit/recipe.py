"""The digest of what an image is built from, which names the image."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

DIGITS = 12


def digest(paths: Iterable[Path]) -> str:
    """Hex digits that change with any byte of the files at and below `paths`."""
    found = hashlib.sha256()
    for file in sorted(_files(paths)):
        found.update(f"{file.name}\0{file.stat().st_size}\0".encode() + file.read_bytes())
    return found.hexdigest()[:DIGITS]


def _files(paths: Iterable[Path]) -> list[Path]:
    return [file for path in paths for file in (path.rglob("*") if path.is_dir() else [path]) if file.is_file()]
