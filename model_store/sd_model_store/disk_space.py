"""Free space of a volume, and mapping of write errors to errors of the model store."""

from __future__ import annotations

import errno
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from sd_model_store.errors import CacheUnusableError, InsufficientSpaceError

RESERVE_BYTES = 2**20
"""Reserve for directories, the manifest and file system metadata."""
_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def require(directory: Path, needed_bytes: int) -> None:
    """Check that the volume of `directory` has `needed_bytes` of free space.

    Raises:
        InsufficientSpaceError: It has less.
    """
    volume = os.statvfs(directory)
    free_bytes = volume.f_bavail * volume.f_frsize
    if needed_bytes + RESERVE_BYTES > free_bytes:
        raise InsufficientSpaceError(
            f"{directory} has {_mb(free_bytes)} of free space, and {_mb(needed_bytes)} are needed. "
            "Enlarge the volume, or remove revisions that no service uses."
        )


@contextmanager
def mapped_write_errors(directory: Path) -> Generator[None]:
    """Map an OSError raised inside the block to an error about the volume of `directory`.

    Raises:
        InsufficientSpaceError: The volume or its quota is full.
        CacheUnusableError: Any other write error.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _DISK_FULL:
            raise InsufficientSpaceError(
                f"{directory} ran out of space during a write: {error.strerror}. Downloaded data is kept. "
                "Enlarge the volume or its quota, then retry."
            ) from error
        raise CacheUnusableError(
            f"{directory} is not writable: {error.strerror or error}. Check the volume and its mount."
        ) from error


def _mb(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.1f} MB"
