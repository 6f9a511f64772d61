"""Samples in a memfd: written block by block where they are decoded, mapped without a copy where they are used."""

from __future__ import annotations

import mmap
from collections.abc import Iterable

import numpy as np

from sd_engine import wire
from sd_engine.samples import Samples


def write(blocks: Iterable[Samples]) -> int:
    """Puts blocks as they come into a new memfd, which nobody can change afterwards, and returns it."""
    return wire.write_blocks("samples", (np.ascontiguousarray(block).data for block in blocks))


def mapped(memory_fd: int) -> Samples:
    """Its samples, read-only, shape (samples,). The memfd may be closed; the memory is freed with the last array."""
    # Private: before Linux 6.7 the kernel shares no sealed memory, not even for reading.
    return np.frombuffer(mmap.mmap(memory_fd, 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ), dtype=np.float32)
