"""Number of CPUs that this process may use: its affinity, limited by its container's quota."""

from __future__ import annotations

import math
import os
from pathlib import Path

CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def usable(quota_file: Path = CGROUP_QUOTA) -> int:
    """Return the number of threads that can compute at the same time, at least 1."""
    allowed = len(os.sched_getaffinity(0))
    quota = _quota_cpus(quota_file.read_text()) if quota_file.exists() else math.inf
    return max(1, min(allowed, math.ceil(quota) if math.isfinite(quota) else allowed))


def _quota_cpus(cpu_max: str) -> float:
    """Parse `cpu.max`: the microseconds allowed per period, or "max", and the period."""
    allowed_us, period_us = cpu_max.split()
    return math.inf if allowed_us == "max" else int(allowed_us) / int(period_us)
