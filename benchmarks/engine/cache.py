"""Where benchmarks keep what is slow to make and always the same: voices, models, long recordings."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path


def folder() -> Path:
    """`bench` in the project's cache."""
    path = Path(os.environ.get("SD_TRITON_CACHE", "~/.cache/sd-triton")).expanduser() / "bench"
    path.mkdir(parents=True, exist_ok=True)
    return path


def digest(*parts: str | bytes) -> str:
    """Twelve characters that change with any of the parts."""
    total = hashlib.sha256()
    for part in parts:
        total.update(part.encode() if isinstance(part, str) else part)
        total.update(b"\0")
    return total.hexdigest()[:12]


def sources(modules: Iterable[str]) -> str:
    """A digest of the files that make a thing: with another recipe it is made anew."""
    return digest(*(Path(module).read_bytes() for module in modules))


def kept(path: Path, make: Callable[[Path], object]) -> Path:
    """`path`, made by `make` where it is not there yet; what an interrupted run left behind is never used."""
    if not path.exists():
        unfinished = path.with_name(f".{os.getpid()}-{path.name}")
        make(unfinished)
        if path.exists():  # somebody else was faster
            shutil.rmtree(unfinished) if unfinished.is_dir() else unfinished.unlink()
        else:
            unfinished.rename(path)
    return path
