"""`make bench-operator`: its parts, each on a control plane of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchmarks import parts
from benchmarks.operator import (
    part_drift,
    part_failover,
    part_fleet,
    part_kills,
    part_outage,
    part_pace,
    part_scale,
    part_specs,
)
from benchmarks.operator.stage import Stage, stage
from benchmarks.parts import Part
from benchmarks.record import Row

MEASURES: dict[str, Callable[[Stage], list[Row]]] = {
    "pace": part_pace.measure,
    "fleet": part_fleet.measure,
    "drift": part_drift.measure,
    "kills": part_kills.measure,
    "outage": part_outage.measure,
    "scale": part_scale.measure,
    "failover": part_failover.measure,
    "specs": part_specs.measure,
}


def _on_a_stage(measure: Callable[[Stage], list[Row]]) -> Part:
    def measured(little: bool) -> list[Row]:  # noqa: FBT001 - as all parts are called
        with stage(small=little) as prepared:
            return measure(prepared)

    return measured


PARTS: dict[str, Part] = {name: _on_a_stage(measure) for name, measure in MEASURES.items()}


def main(only: Sequence[str] = (), *, little: bool = False) -> None:
    """All parts, or some, or a little of each."""
    parts.measure("operator", PARTS, only, little=little)
