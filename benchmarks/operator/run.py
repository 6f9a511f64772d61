"""`make bench-operator`: the parts one after the other on one control plane, and their rows in one file."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence

from benchmarks.operator import part_drift, part_failover, part_fleet, part_kills, part_pace, part_specs
from benchmarks.operator.stage import Stage, stage
from benchmarks.record import Row, write

PARTS: dict[str, Callable[[Stage], list[Row]]] = {
    "pace": part_pace.measure,
    "fleet": part_fleet.measure,
    "drift": part_drift.measure,
    "kills": part_kills.measure,
    "failover": part_failover.measure,
    "specs": part_specs.measure,
}


def main(only: Sequence[str] = (), *, little: bool = False) -> None:
    """Measures all parts and writes `results/operator.json`; some parts, or a little of each, are only shown.

    Raises:
        ValueError: there is no part of that name.
    """
    if unknown := set(only) - PARTS.keys():
        raise ValueError(f"No part is named {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}.")
    rows: list[Row] = []
    for name in only or PARTS:
        started = time.monotonic()
        with stage(small=little) as prepared:
            rows += PARTS[name](prepared)
        print(f"{name} took {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)  # noqa: T201 - progress
    if only or little:
        for row in rows:
            print(f"{row.name} = {row.value:.4g} {row.unit} (goal {row.goal}): {row.detail}")  # noqa: T201 - its result
    else:
        write("operator", rows)
