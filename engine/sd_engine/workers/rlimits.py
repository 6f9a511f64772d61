"""What a worker process may use at most; beyond it the kernel says no, to that process alone."""

from __future__ import annotations

import math
import os
import resource
from dataclasses import dataclass
from pathlib import Path

MEBIBYTE = 1024 * 1024
_STATM = Path("/proc/self/statm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`memory_bytes` come on top of what the process has mapped at its start: torch alone maps gigabytes."""

    cpu_s: float
    """For one job. Beyond it SIGXCPU ends the process."""
    memory_bytes: int
    files: int = 64
    written_file_bytes: int = 2048 * MEBIBYTE
    """The largest memfd that a job may write."""

    def apply(self) -> None:
        """Sets all that holds for the whole life of this process."""
        _set(resource.RLIMIT_AS, _mapped_bytes() + self.memory_bytes)
        _set(resource.RLIMIT_NOFILE, self.files)
        _set(resource.RLIMIT_FSIZE, self.written_file_bytes)
        _set(resource.RLIMIT_CORE, 0)

    def begin_job(self) -> None:
        """Gives this process CPU time for one more job: the kernel counts whole seconds from the process's start."""
        used = resource.getrusage(resource.RUSAGE_SELF)
        _set(resource.RLIMIT_CPU, math.ceil(used.ru_utime + used.ru_stime + self.cpu_s))


def _set(limit: int, value: int) -> None:
    """Sets the soft limit: the hard one could never be raised again, and may be lower already."""
    _, hard = resource.getrlimit(limit)
    resource.setrlimit(limit, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def _mapped_bytes() -> int:
    return int(_STATM.read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
