"""A small run of each part of the operator's benchmark: counts must be correct, durations are not checked."""

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

LIMITS = {
    "writes_per_child": 1,
    "status_writes_per_service": 4,  # a slow machine writes each: started, pod created, counted, unschedulable
    "restart_writes": 0,
    "quiet_writes": 0,
    "drift_siblings_made_anew": 0,
    "kill_points_failed": 0,
    "made_twice": 0,
    "replicas_written_back": 0,
}
"""Maximum of each counted row."""


@pytest.fixture(scope="module")
def small() -> Iterator[BenchmarkCluster]:
    """A control plane of their own, because the counts are read from its audit log."""
    with benchmark_cluster(small=True) as created:
        yield created


PARTS = (
    part_fleet.measure,
    part_drift.measure,
    part_kills.measure,
    part_outage.measure,
    part_replica_ownership.measure,
)


@pytest.mark.parametrize("measure", PARTS, ids=["fleet", "drift", "kills", "outage", "scale"])
def test_no_write_is_repeated_and_no_object_is_missing_or_left_over(
    small: BenchmarkCluster, measure: Callable[[BenchmarkCluster], list[Row]]
) -> None:
    rows = measure(small)
    counted = [row for row in rows if row.name in LIMITS]
    assert counted
    for row in counted:
        assert row.value <= LIMITS[row.name], row.detail
    for row in rows:
        assert row.name != "drift_repair_s_max" or row.value < part_drift.TIMEOUT_S, row.detail


def test_random_specs_and_their_children_are_accepted(small: BenchmarkCluster) -> None:
    [row] = part_random_specs.measure(small)
    assert row.goal == f">= {row.value:.0f}", row.detail
