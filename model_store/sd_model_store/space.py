"""Whether a volume has room, asked before and known after."""

from __future__ import annotations

import errno
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from sd_model_store.errors import CacheUnusableError, InsufficientSpaceError

SPARE_BYTES = 2**20
"""For directories, the manifest and the file system's own books."""
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def require(directory: Path, needed_bytes: int) -> None:
    """Nothing, if `needed_bytes` more fit into the volume of `directory`.

    Raises:
        InsufficientSpaceError: they do not.
    """
    volume = os.statvfs(directory)
    free_bytes = volume.f_bavail * volume.f_frsize
    if needed_bytes + SPARE_BYTES > free_bytes:
        raise InsufficientSpaceError(
            f"{_mb(needed_bytes)} more are needed in {directory}, and {_mb(free_bytes)} are free. "
            "Make the volume larger, or remove revisions that no service uses."
        )


@contextmanager
def writing(directory: Path) -> Generator[None]:
    """Raises our errors when the volume of `directory` refuses what is written inside."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise InsufficientSpaceError(
                f"{directory} became full while it was written: {error.strerror}. What has arrived is kept. "
                "Make the volume or its quota larger, then try again."
            ) from error
        raise CacheUnusableError(
            f"{directory} cannot be written: {error.strerror or error}. Check the volume and its mount."
        ) from error


def _mb(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.1f} MB"
