"""`make bench-operator`: the parts one after the other on one control plane, and their rows in one file."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Sequence

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
from benchmarks.record import Row, write

PARTS: dict[str, Callable[[Stage], list[Row]]] = {
    "pace": part_pace.measure,
    "fleet": part_fleet.measure,
    "drift": part_drift.measure,
    "kills": part_kills.measure,
    "outage": part_outage.measure,
    "scale": part_scale.measure,
    "failover": part_failover.measure,
    "specs": part_specs.measure,
}


def main(only: Sequence[str] = (), *, little: bool = False) -> None:
    """Measures all parts and writes `results/operator.json` after each; some, or a little of each, are only shown.

    Raises:
        ValueError: there is no part of that name.
        SystemExit: a part could not be measured to its end; the others were.
    """
    if unknown := set(only) - PARTS.keys():
        raise ValueError(f"No part is named {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}.")
    rows: list[Row] = []
    failed: list[str] = []
    for name in only or PARTS:
        started = time.monotonic()
        try:
            rows += _measured(name, little=little)
        except (AssertionError, RuntimeError, OSError):
            traceback.print_exc()
            failed.append(name)
        print(f"{name} took {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)  # noqa: T201 - progress
        if not only and not little:
            write("operator", rows)
    for row in rows if only or little else ():
        print(f"{row.name} = {row.value:.4g} {row.unit} (goal {row.goal}): {row.detail}")  # noqa: T201 - its result
    if failed:
        raise SystemExit(f"Not measured to their end: {', '.join(failed)}.")


def _measured(name: str, *, little: bool) -> list[Row]:
    with stage(small=little) as prepared:
        return PARTS[name](prepared)
