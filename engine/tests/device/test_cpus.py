"""Number of usable CPUs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sd_engine.device import cpus


@pytest.mark.parametrize(
    ("cpu_max", "usable"),
    [
        ("max 100000", len(os.sched_getaffinity(0))),
        ("50000 100000", 1),
        ("100000 100000", 1),
        ("10000000 100000", len(os.sched_getaffinity(0))),
    ],
)
def test_the_quota_and_the_affinity_both_limit_the_cpus(tmp_path: Path, cpu_max: str, usable: int) -> None:
    quota = tmp_path / "cpu.max"
    quota.write_text(f"{cpu_max}\n")

    assert cpus.usable(quota) == usable


def test_without_a_quota_the_affinity_limits_the_cpus(tmp_path: Path) -> None:
    assert cpus.usable(tmp_path / "cpu.max") == len(os.sched_getaffinity(0))
