"""The memory of a process tree counts each page once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from benchmarks.engine.memory import mapped_shared_memory, pss_without_shared_memory, tree_bytes

ROLLUP = """\
55d998c59000-7ffda92be000 ---p 00000000 00:00 0                          [rollup]
Rss:                1776 kB
Pss:                 270 kB
Pss_Anon:            112 kB
Pss_File:            138 kB
Pss_Shmem:            20 kB
"""
MAPS = """\
7f0000000000-7f0000002000 rw-s 00000000 00:01 42                         /memfd:samples (deleted)
7f0000002000-7f0000003000 r--s 00004000 00:01 42                         /memfd:samples (deleted)
7f0000004000-7f0000005000 r-xp 00000000 fe:00 99                         /usr/lib/libc.so.6
7f0000006000-7f0000007000 rw-p 00000000 00:00 0
7f0000008000-7f0000009000 rw-s 00000000 00:18 7                          /dev/shm/region
"""
MEMFD_BYTES = 64 * 1024 * 1024


def test_shared_memory_is_subtracted_from_the_proportional_set_size() -> None:
    assert pss_without_shared_memory(ROLLUP) == 250 * 1024


def test_the_size_of_a_shared_object_is_the_end_of_its_last_mapping() -> None:
    assert mapped_shared_memory(MAPS) == {42: 0x5000, 7: 0x1000}


@pytest.fixture
def memory_fd() -> Iterator[int]:
    """A memfd whose pages are all written."""
    fd = os.memfd_create("pages")
    os.write(fd, b"x" * MEMFD_BYTES)
    yield fd
    os.close(fd)


TWO_PROCESSES = """
import mmap, os, signal, sys
pages = mmap.mmap(int(sys.argv[1]), 0)
if not os.fork():
    signal.pause()
if sys.argv[2] == "mapped":
    for offset in range(0, len(pages), mmap.PAGESIZE):
        pages[offset]
else:
    pages.close()
print("ready", flush=True)
input()
os.killpg(0, signal.SIGKILL)
"""


@pytest.mark.parametrize("use", ["mapped", "not mapped"])
def test_a_memfd_counts_once_whether_or_not_it_is_mapped(memory_fd: int, use: str) -> None:
    argv = [sys.executable, "-c", TWO_PROCESSES, str(memory_fd), use]
    with subprocess.Popen(argv, stdin=-1, stdout=-1, pass_fds=[memory_fd], process_group=0) as parent:
        assert parent.stdout
        assert parent.stdout.readline() == b"ready\n"
        assert MEMFD_BYTES <= tree_bytes(parent.pid) < 1.5 * MEMFD_BYTES  # two small processes, one copy
        parent.communicate(b"\n")
