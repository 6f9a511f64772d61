"""A volume of a few megabytes, in memory, which can be filled to its last byte and emptied again."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SmallVolume:
    """Where it is mounted."""

    root: Path

    @property
    def _ballast(self) -> Path:
        return self.root / "ballast"

    def fill(self) -> None:
        """Somebody else takes all that is free."""
        volume = os.statvfs(self.root)
        if free_bytes := volume.f_bavail * volume.f_frsize:
            with self._ballast.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, free_bytes)

    def free(self) -> None:
        """What `fill` took is there again."""
        self._ballast.unlink(missing_ok=True)

    def resize(self, size_bytes: int) -> None:
        """As a claim is made larger."""
        subprocess.run(["mount", "-o", f"remount,size={size_bytes}", self.root], check=True)


@contextmanager
def mounted(root: Path, size_bytes: int) -> Generator[SmallVolume]:
    """Mounts it over an empty folder; for root only."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", root], check=True)
    try:
        yield SmallVolume(root)
    finally:
        subprocess.run(["umount", root], check=True)
