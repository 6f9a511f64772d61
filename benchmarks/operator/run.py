"""`make bench-operator`: runs each part on a control plane of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchmarks import parts
from benchmarks.operator import (
    part_child_creation,
    part_drift,
    part_failover,
    part_fleet,
    part_kills,
    part_outage,
    part_random_specs,
    part_replica_ownership,
)
from benchmarks.operator.benchmark_cluster import BenchmarkCluster, benchmark_cluster
from benchmarks.parts import Part
from benchmarks.record import Row

MEASURES: dict[str, Callable[[BenchmarkCluster], list[Row]]] = {
    "child_creation": part_child_creation.measure,
    "fleet": part_fleet.measure,
    "drift": part_drift.measure,
    "kills": part_kills.measure,
    "outage": part_outage.measure,
    "replica_ownership": part_replica_ownership.measure,
    "failover": part_failover.measure,
    "random_specs": part_random_specs.measure,
}


def _on_new_cluster(measure: Callable[[BenchmarkCluster], list[Row]]) -> Part:
    def measure_part(small_size: bool) -> list[Row]:  # noqa: FBT001 - signature of all parts
        with benchmark_cluster(small=small_size) as cluster:
            return measure(cluster)

    return measure_part


PARTS: dict[str, Part] = {name: _on_new_cluster(measure) for name, measure in MEASURES.items()}


def main(only: Sequence[str] = (), *, small_size: bool = False) -> None:
    """Run all parts or those in `only`; with `small_size`, a small sample of each."""
    parts.measure("operator", PARTS, only, small_size=small_size)
