"""Samples in a memfd: written block by block where they are decoded, mapped without a copy where they are used."""

from __future__ import annotations

import fcntl
import mmap
import os
from collections.abc import Iterable

import numpy as np

from sd_engine.mono import Samples

_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


def write(blocks: Iterable[Samples]) -> int:
    """Puts blocks as they come into a new memfd, which nobody can change afterwards, and returns it."""
    memory_fd = os.memfd_create("samples", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        for block in blocks:
            _write(memory_fd, np.ascontiguousarray(block).data)
    except BaseException:
        os.close(memory_fd)
        raise
    fcntl.fcntl(memory_fd, fcntl.F_ADD_SEALS, _SEALS)
    return memory_fd


def mapped(memory_fd: int) -> Samples:
    """Its samples, read-only, shape (samples,). The memfd may be closed; the memory is freed with the last array."""
    # Private: before Linux 6.7 the kernel shares no sealed memory, not even for reading.
    return np.frombuffer(mmap.mmap(memory_fd, 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ), dtype=np.float32)


def _write(memory_fd: int, block: memoryview) -> None:
    view = block.cast("B")
    while view:
        view = view[os.write(memory_fd, view) :]
