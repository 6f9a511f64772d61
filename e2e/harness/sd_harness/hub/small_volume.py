"""A tmpfs volume of a few megabytes, which can be filled and emptied."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SmallVolume:
    """A mounted volume."""

    root: Path

    @property
    def _ballast(self) -> Path:
        return self.root / "ballast"

    def fill(self) -> None:
        """Allocate all free space in one file."""
        volume = os.statvfs(self.root)
        if free_bytes := volume.f_bavail * volume.f_frsize:
            with self._ballast.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, free_bytes)

    def free(self) -> None:
        """Release the space that `fill` allocated."""
        self._ballast.unlink(missing_ok=True)

    def resize(self, size_bytes: int) -> None:
        """Change the size of the volume, as the resize of a claim does."""
        subprocess.run(["mount", "-o", f"remount,size={size_bytes}", self.root], check=True)


@contextmanager
def mounted(root: Path, size_bytes: int) -> Generator[SmallVolume]:
    """Mount a volume over an empty folder; needs root."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", root], check=True)
    try:
        yield SmallVolume(root)
    finally:
        subprocess.run(["umount", root], check=True)
