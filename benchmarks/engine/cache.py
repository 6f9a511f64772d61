"""Cache of what benchmarks create slowly and deterministically: voices, models, long recordings."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path


def cache_dir() -> Path:
    """Return the folder `bench` in the project's cache."""
    path = Path(os.environ.get("SD_TRITON_CACHE", "~/.cache/sd-triton")).expanduser() / "bench"
    path.mkdir(parents=True, exist_ok=True)
    return path


def digest(*parts: str | bytes) -> str:
    """Return twelve hex digits of the hash of all parts."""
    total = hashlib.sha256()
    for part in parts:
        total.update(part.encode() if isinstance(part, str) else part)
        total.update(b"\0")
    return total.hexdigest()[:12]


def source_digest(files: Iterable[str | Path]) -> str:
    """Return a digest of source files: it changes with the code that creates a cached file."""
    return digest(*(Path(file).read_bytes() for file in files))


def cached(path: Path, create: Callable[[Path], object]) -> Path:
    """Return `path`, created by `create` if it does not exist; an interrupted creation leaves no `path`."""
    if not path.exists():
        unfinished = path.with_name(f".{os.getpid()}-{path.name}")
        create(unfinished)
        if path.exists():  # another process has created it
            shutil.rmtree(unfinished) if unfinished.is_dir() else unfinished.unlink()
        else:
            unfinished.rename(path)
    return path
