"""One process does the work; a second one that wants the same waits and finds it done."""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sd_kit import places
from sd_kit.steps import say


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the lock called `name`; the kernel lets go of it when the process ends, however it ends."""
    with (places.folder("locks") / f"{name}.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"· waiting for another process that holds {name} …")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def scratch(prefix: str) -> Iterator[Path]:
    """A folder in the cache's own file system, gone at the end: what is done moves out of it by rename."""
    path = Path(tempfile.mkdtemp(prefix=f"{prefix}-", dir=places.folder("scratch")))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
