"""Locks between processes, and temporary folders in the cache."""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sd_kit import paths
from sd_kit.progress import print_line


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the file lock `name`. The kernel releases it when the process ends, even by SIGKILL."""
    with (paths.folder("locks") / f"{name}.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print_line(f"· waiting for another process that holds the lock {name} …")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def temporary_folder(prefix: str) -> Iterator[Path]:
    """Create a folder on the cache's file system, so that results can be renamed out of it; remove it at the end."""
    path = Path(tempfile.mkdtemp(prefix=f"{prefix}-", dir=paths.folder("scratch")))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
