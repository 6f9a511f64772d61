"""A directory that somebody else prepared: a claim, or an image's volume. Nothing in it is changed."""

from __future__ import annotations

from pathlib import Path

from sd_model_store import manifest, pipeline
from sd_model_store.result import Supplied


def adopt(directory: Path, digest: str | None = None) -> Supplied:
    """Takes the directory's digest, the first time; later checks that it still has the one it had.

    Raises:
        UnsupportedPipelineError: there is no pipeline in it that the engine runs from there alone.
        CorruptError: a file is missing or not a plain one, or the digest is another.
    """
    pipeline.check_directory(directory)
    found = manifest.verify(directory, digest) if digest else manifest.take(directory)
    return Supplied(directory, found.digest, found.size_bytes)
