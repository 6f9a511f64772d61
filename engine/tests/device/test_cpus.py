"""How many CPUs the engine may use."""

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
def test_a_containers_quota_and_the_affinity_both_bind(tmp_path: Path, cpu_max: str, usable: int) -> None:
    quota = tmp_path / "cpu.max"
    quota.write_text(f"{cpu_max}\n")

    assert cpus.usable(quota) == usable


def test_without_a_quota_the_affinity_alone_binds(tmp_path: Path) -> None:
    assert cpus.usable(tmp_path / "cpu.max") == len(os.sched_getaffinity(0))
