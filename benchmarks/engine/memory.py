"""Memory of a process tree: each page counted once, including memfds that no process has mapped."""

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
    """Return the PSS of a process tree without shared memory, plus the whole of each shared memory object it uses."""
    private, shared = 0, dict[int, int]()
    for process_id in tree(root):
        try:
            private += pss_without_shared_memory(Path(f"/proc/{process_id}/smaps_rollup").read_text())
            mapped = mapped_shared_memory(Path(f"/proc/{process_id}/maps").read_text())
        except (FileNotFoundError, ProcessLookupError):
            continue  # the process has ended since
        # The allocated size of an open memfd is more exact than the length of its mapping.
        shared = mapped | shared | _open_memfds(process_id)
    return private + sum(shared.values())


def pss_without_shared_memory(smaps_rollup: str) -> int:
    """Return the proportional set size in bytes without shared memory (proc(5), smaps_rollup)."""
    kib = {line.split(":")[0]: int(line.split()[1]) for line in smaps_rollup.splitlines()[1:]}
    return 1024 * (kib["Pss"] - kib["Pss_Shmem"])


def mapped_shared_memory(maps: str) -> dict[int, int]:
    """Return the end of the last mapping of each memfd or file in /dev/shm in bytes, by inode (proc(5), maps)."""
    ends: dict[int, int] = {}
    for line in maps.splitlines():
        fields = line.split(maxsplit=5)
        if len(fields) > 5 and fields[5].startswith(("/memfd:", "/dev/shm/", "/dev/zero")):  # noqa: PLR2004, S108
            start, end = (int(address, 16) for address in fields[0].split("-"))
            inode, offset = int(fields[4]), int(fields[2], 16)
            ends[inode] = max(ends.get(inode, 0), offset + end - start)
    return ends


def _open_memfds(process_id: int) -> dict[int, int]:
    """Return the allocated bytes of each memfd that a process has open, by inode."""
    sizes: dict[int, int] = {}
    for link, target in descriptors(process_id):
        if target.startswith("/memfd:"):
            try:
                status = link.stat()
            except (FileNotFoundError, ProcessLookupError):
                continue
            sizes[status.st_ino] = status.st_blocks * 512
    return sizes


class MemorySampler:
    """A context manager that samples the memory of a process tree ten times a second in a thread."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.samples_bytes: list[int] = []

    @property
    def peak_mb(self) -> float:
        return max(self.samples_bytes) / MB

    @property
    def median_mb(self) -> float:
        return sorted(self.samples_bytes)[len(self.samples_bytes) // 2] / MB

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stop.is_set():
            self.samples_bytes.append(tree_bytes(self._root))
            due = max(due + 1 / SAMPLES_PER_S, time.monotonic())
            self._stop.wait(due - time.monotonic())
