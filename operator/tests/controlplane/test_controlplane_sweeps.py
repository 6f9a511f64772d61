"""A little of each part of the operator's benchmark: what it counts has to be right, how long it takes is not asked."""

import sys
from collections.abc import Callable, Iterator

import pytest
from sd_harness.control_plane.control_plane import REPOSITORY

sys.path.append(str(REPOSITORY))

from benchmarks.operator import (
    part_drift,
    part_fleet,
    part_kills,
    part_outage,
    part_random_specs,
    part_replica_ownership,
)
from benchmarks.operator.benchmark_cluster import BenchmarkCluster, benchmark_cluster
from benchmarks.record import Row

COUNTED = {
    "writes_per_child": 1,
    "status_writes_per_service": 4,  # begun, a pod, counted, refused by the scheduler: slow ones tell one by one
    "restart_writes": 0,
    "quiet_writes": 0,
    "drift_siblings_made_anew": 0,
    "kill_points_failed": 0,
    "made_twice": 0,
    "replicas_written_back": 0,
}
"""The most that each may be."""


@pytest.fixture(scope="module")
def small() -> Iterator[BenchmarkCluster]:
    """A control plane of their own: what is counted is read from its audit log."""
    with benchmark_cluster(small=True) as prepared:
        yield prepared


PARTS = (
    part_fleet.measure,
    part_drift.measure,
    part_kills.measure,
    part_outage.measure,
    part_replica_ownership.measure,
)


@pytest.mark.parametrize("measure", PARTS, ids=["fleet", "drift", "kills", "outage", "scale"])
def test_nothing_is_written_twice_lost_or_left_over(
    small: BenchmarkCluster, measure: Callable[[BenchmarkCluster], list[Row]]
) -> None:
    rows = measure(small)
    counted = [row for row in rows if row.name in COUNTED]
    assert counted
    for row in counted:
        assert row.value <= COUNTED[row.name], row.detail
    for row in rows:
        assert row.name != "drift_repair_s_max" or row.value < part_drift.PATIENCE_S, row.detail


def test_random_specs_are_accepted_with_all_that_is_made_of_them(small: BenchmarkCluster) -> None:
    [row] = part_random_specs.measure(small)
    assert row.goal == f">= {row.value:.0f}", row.detail
