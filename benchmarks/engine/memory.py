"""The memory of a process tree: each page once, whoever maps it, and memfds also where nobody does."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.engine.processes import descriptors, tree

SAMPLES_PER_S = 10
MB = 1e6


def tree_bytes(root: int) -> int:
    """PSS of all that is no shared memory, and the whole of each shared memory object that the tree holds or maps."""
    private, shared = 0, dict[int, int]()
    for process_id in tree(root):
        try:
            private += without_shared(Path(f"/proc/{process_id}/smaps_rollup").read_text())
            mapped = shared_mappings(Path(f"/proc/{process_id}/maps").read_text())
        except (FileNotFoundError, ProcessLookupError):
            continue  # ended meanwhile
        # A mapping whose descriptor is closed shows its length only; what an open one has allocated is known better.
        shared = mapped | shared | _open_memory(process_id)
    return private + sum(shared.values())


def without_shared(smaps_rollup: str) -> int:
    """Proportional bytes but those in shared memory (proc(5), smaps_rollup)."""
    kib = {line.split(":")[0]: int(line.split()[1]) for line in smaps_rollup.splitlines()[1:]}
    return 1024 * (kib["Pss"] - kib["Pss_Shmem"])


def shared_mappings(maps: str) -> dict[int, int]:
    """By its inode, how far each memfd or file of /dev/shm is mapped (proc(5), maps)."""
    ends: dict[int, int] = {}
    for line in maps.splitlines():
        fields = line.split(maxsplit=5)
        if len(fields) > 5 and fields[5].startswith(("/memfd:", "/dev/shm/", "/dev/zero")):  # noqa: PLR2004, S108
            start, end = (int(address, 16) for address in fields[0].split("-"))
            inode, offset = int(fields[4]), int(fields[2], 16)
            ends[inode] = max(ends.get(inode, 0), offset + end - start)
    return ends


def _open_memory(process_id: int) -> dict[int, int]:
    """By its inode, what each memfd that a process holds open has allocated."""
    held: dict[int, int] = {}
    for link, target in descriptors(process_id):
        if target.startswith("/memfd:"):
            try:
                status = link.stat()
            except (FileNotFoundError, ProcessLookupError):
                continue
            held[status.st_ino] = status.st_blocks * 512
    return held


class Watch:
    """Samples a tree's memory ten times a second, in a thread, while its context lasts."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self.bytes: list[int] = []

    @property
    def peak_mb(self) -> float:
        return max(self.bytes) / MB

    @property
    def median_mb(self) -> float:
        return sorted(self.bytes)[len(self.bytes) // 2] / MB

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _sample(self) -> None:
        due = time.monotonic()
        while not self._ended.is_set():
            self.bytes.append(tree_bytes(self._root))
            due = max(due + 1 / SAMPLES_PER_S, time.monotonic())
            self._ended.wait(due - time.monotonic())
