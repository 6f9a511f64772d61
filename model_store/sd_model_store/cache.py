"""The model cache on a volume. A directory under its final name is always complete.

<cache>/<org>--<name>/<commit>/            a complete revision, renamed to this path atomically
<cache>/.partial/<org>--<name>/<commit>/   an incomplete download; it survives a kill, and the next run resumes it
<cache>/.lock                              locked (flock) by the process that changes the cache
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from sd_model_store import disk_space, names
from sd_model_store.deadline import Deadline
from sd_model_store.errors import CacheUnusableError

_LOCK_POLL_INTERVAL_S = 0.2


class Cache:
    """A directory with pipelines, one folder for each revision."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._partial = root / ".partial"
        self.import_path = self._partial / ".import"
        """Path of an archive that is being unpacked."""
        self._deleted = self._partial / ".removed"

    def revision_path(self, pipeline: str, commit: str) -> Path:
        """Return the final path of a revision."""
        return self.root / _folder(pipeline) / commit

    def partial_path(self, pipeline: str, commit: str) -> Path:
        """Return the path of a revision during its download."""
        return self._partial / _folder(pipeline) / commit

    @contextmanager
    def locked(self, deadline: Deadline) -> Generator[None]:
        """Hold the cache's lock inside the block; wait while another process holds it.

        The kernel releases the lock when its holder ends, however it ends.

        Raises:
            CacheUnusableError: The volume is not writable, or the lock was not free before the deadline.
        """
        try:
            self._partial.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.root / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise CacheUnusableError(
                f"The cache {self.root} is not writable: {error.strerror}. Mount its volume read-write, "
                f"for user {os.getuid()} or group {os.getgid()}."
            ) from error
        try:
            self._acquire(lock, deadline)
            yield
        finally:
            os.close(lock)

    def _acquire(self, lock: int, deadline: Deadline) -> None:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if not deadline.remaining_s():
                    raise CacheUnusableError(
                        f"Another process held the lock of the cache {self.root} until this run timed out. "
                        "If that process makes no progress, end it; its lock is released with it."
                    ) from None
                time.sleep(_LOCK_POLL_INTERVAL_S)
            else:
                return

    def publish(self, partial: Path, final: Path) -> None:
        """Rename a finished directory to its final path; content and name are synced to disk on return."""
        for directory, _, files in os.walk(partial):
            for name in files:
                _fsync(Path(directory, name))
            _fsync(Path(directory))
        final.parent.mkdir(exist_ok=True)
        partial.rename(final)
        _fsync(final.parent)
        _fsync(self.root)

    def unpublish(self, final: Path, partial: Path) -> None:
        """Rename a damaged revision back to its partial path; its intact files need not be downloaded again."""
        discard(partial)
        partial.parent.mkdir(parents=True, exist_ok=True)
        final.rename(partial)

    def remove(self, deadline: Deadline, pipeline: str, keep: frozenset[str]) -> list[str]:
        """Delete all revisions of a pipeline, complete or not, except the commits in `keep`.

        Returns the commits of the complete revisions that were deleted.

        Raises:
            UnsupportedPipelineError: The pipeline's name is invalid.
            CacheUnusableError: The cache is not writable, or its lock was not free before the deadline.
        """
        names.check_pipeline(pipeline)
        with self.locked(deadline), disk_space.mapped_write_errors(self.root):
            return self._remove(pipeline, keep)

    def _remove(self, pipeline: str, keep: frozenset[str]) -> list[str]:
        discard(self._deleted)  # may be left over from a run that was killed
        complete = _except(self.root / _folder(pipeline), keep)
        for number, directory in enumerate([*complete, *_except(self._partial / _folder(pipeline), keep)]):
            # Rename before deleting, so that no half deleted directory has a final name.
            self._deleted.mkdir(exist_ok=True)
            directory.rename(self._deleted / str(number))
        discard(self._deleted)
        return [directory.name for directory in complete]


def discard(directory: Path) -> None:
    """Delete a directory that has no final name, if it exists."""
    if directory.exists():
        shutil.rmtree(directory)


def _except(parent: Path, keep: frozenset[str]) -> list[Path]:
    return sorted(directory for directory in parent.glob("*") if directory.name not in keep)


def _folder(pipeline: str) -> str:
    return pipeline.replace("/", "--")


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
