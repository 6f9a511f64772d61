"""How many CPUs this process may really use: its affinity, and the quota of its container."""

from __future__ import annotations

import math
import os
from pathlib import Path

CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def usable(quota_file: Path = CGROUP_QUOTA) -> int:
    """At least 1. More threads than this would only wait for each other."""
    allowed = len(os.sched_getaffinity(0))
    quota = _quota_cpus(quota_file.read_text()) if quota_file.exists() else math.inf
    return max(1, min(allowed, math.ceil(quota) if math.isfinite(quota) else allowed))


def _quota_cpus(cpu_max: str) -> float:
    """`cpu.max` holds the microseconds allowed, or "max", and the period."""
    allowed_us, period_us = cpu_max.split()
    return math.inf if allowed_us == "max" else int(allowed_us) / int(period_us)
