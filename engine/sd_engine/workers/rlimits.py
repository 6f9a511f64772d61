"""Resource limits (rlimits) of a worker process. The kernel enforces them on that process alone."""

from __future__ import annotations

import math
import os
import resource
from dataclasses import dataclass
from pathlib import Path

MEBIBYTE = 1024 * 1024
_STATM = Path("/proc/self/statm")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceLimits:
    """Limits of the process that calls `apply`."""

    cpu_s: float
    """CPU time of one job. SIGXCPU ends a process that exceeds it."""
    memory_bytes: int
    """Address space on top of what the process has mapped when `apply` is called: torch alone maps gigabytes."""
    open_files: int = 64
    file_size_bytes: int = 2048 * MEBIBYTE
    """The largest memfd that a job may write."""

    def apply(self) -> None:
        """Set the limits that hold for the whole life of this process."""
        _set_soft_limit(resource.RLIMIT_AS, _mapped_bytes() + self.memory_bytes)
        _set_soft_limit(resource.RLIMIT_NOFILE, self.open_files)
        _set_soft_limit(resource.RLIMIT_FSIZE, self.file_size_bytes)
        _set_soft_limit(resource.RLIMIT_CORE, 0)

    def apply_to_next_job(self) -> None:
        """Allow `cpu_s` more CPU time. The kernel counts whole seconds since the start of the process."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        _set_soft_limit(resource.RLIMIT_CPU, math.ceil(usage.ru_utime + usage.ru_stime + self.cpu_s))


def _set_soft_limit(limit: int, value: int) -> None:
    """Leave the hard limit as it is: it could never be raised again. It may already be lower than `value`."""
    _, hard = resource.getrlimit(limit)
    resource.setrlimit(limit, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def _mapped_bytes() -> int:
    return int(_STATM.read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
