"""Where downloaded pipelines lie, and that a directory under its final name is always whole.

<cache>/<org>--<name>/<commit>/            complete: it was renamed to this in one step
<cache>/.partial/<org>--<name>/<commit>/   being downloaded; survives a kill, and the next run goes on with it
<cache>/.lock                              held by whoever changes any of this
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from sd_model_store.deadline import Deadline
from sd_model_store.errors import CacheUnusableError

_LOOK_AGAIN_S = 0.2


class Cache:
    """One volume with pipelines."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._partial = root / ".partial"

    def revision(self, pipeline: str, commit: str) -> Path:
        return self.root / _folder(pipeline) / commit

    def work(self, pipeline: str, commit: str) -> Path:
        return self._partial / _folder(pipeline) / commit

    @contextmanager
    def locked(self, deadline: Deadline) -> Generator[None]:
        """Waits until nobody else works here. The kernel lets go of a lock whose holder is gone, however it went.

        Raises:
            CacheUnusableError: the volume cannot be written, or the other one was not done in time.
        """
        try:
            self._partial.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.root / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise CacheUnusableError(
                f"The cache {self.root} cannot be written: {error.strerror}. Its volume must be mounted read-write, "
                f"for user {os.getuid()} or group {os.getgid()}."
            ) from error
        try:
            self._wait_for(lock, deadline)
            yield
        finally:
            os.close(lock)

    def _wait_for(self, lock: int, deadline: Deadline) -> None:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if not deadline.left_s():
                    raise CacheUnusableError(
                        f"Another downloader has held {self.root} for longer than this one may take. "
                        "If it makes no progress, end it; its lock goes with it."
                    ) from None
                time.sleep(_LOOK_AGAIN_S)
            else:
                return

    def publish(self, work: Path, final: Path) -> None:
        """Gives a finished directory its name; all of it is on the disk before, and the name after."""
        for directory, _, files in os.walk(work):
            for name in files:
                _to_disk(Path(directory, name))
            _to_disk(Path(directory))
        final.parent.mkdir(exist_ok=True)
        work.rename(final)
        _to_disk(final.parent)
        _to_disk(self.root)

    def take_back(self, final: Path, work: Path) -> None:
        """A directory that is no longer whole loses its name; what is good in it need not be downloaded again."""
        discard(work)
        work.parent.mkdir(parents=True, exist_ok=True)
        final.rename(work)

    def remove(self, pipeline: str, keep: frozenset[str]) -> list[str]:
        """Deletes the revisions of a pipeline that are not to be kept, complete or not; says which complete ones."""
        discard(self._removed)  # left there by a run that was killed
        complete = _but(self.root / _folder(pipeline), keep)
        for number, directory in enumerate([*complete, *_but(self._partial / _folder(pipeline), keep)]):
            # First the name, in one step: half a directory never lies under it.
            self._removed.mkdir(exist_ok=True)
            directory.rename(self._removed / str(number))
        discard(self._removed)
        return [directory.name for directory in complete]

    @property
    def import_work(self) -> Path:
        return self._partial / ".import"

    @property
    def _removed(self) -> Path:
        return self._partial / ".removed"


def discard(directory: Path) -> None:
    """Deletes a directory that is not under its final name, if it is there."""
    if directory.exists():
        shutil.rmtree(directory)


def _but(parent: Path, keep: frozenset[str]) -> list[Path]:
    return sorted(directory for directory in parent.glob("*") if directory.name not in keep)


def _folder(pipeline: str) -> str:
    return pipeline.replace("/", "--")


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
