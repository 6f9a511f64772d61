"""`make bench-supply`: the parts of the benchmark of the model store."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks import parts
from benchmarks.parts import Part
from benchmarks.supply import part_cluster, part_reasons, part_sweeps

PARTS: dict[str, Part] = {
    "sweeps": part_sweeps.measure,
    "reasons": part_reasons.measure,
    "cluster": part_cluster.measure,
}


def main(only: Sequence[str] = (), *, small_size: bool = False) -> None:
    """Run all parts, or those in `only`; `small_size` runs a few samples of each."""
    parts.measure("supply", PARTS, only, small_size=small_size)
