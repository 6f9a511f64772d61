"""`make bench-supply`: the parts one after the other, and their rows in one file."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Sequence

from benchmarks.record import Row, write
from benchmarks.supply import part_cluster, part_reasons, part_sweeps

PARTS: dict[str, Callable[[bool], list[Row]]] = {
    "sweeps": part_sweeps.measure,
    "reasons": part_reasons.measure,
    "cluster": part_cluster.measure,
}
"""Each measures all of it, or a little."""


def main(only: Sequence[str] = (), *, little: bool = False) -> None:
    """Measures all parts and writes `results/supply.json` after each; some, or a little of each, are only shown.

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
            rows += PARTS[name](little)
        except (AssertionError, RuntimeError, OSError):
            traceback.print_exc()
            failed.append(name)
        print(f"{name} took {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)  # noqa: T201 - progress
        if not only and not little:
            write("supply", rows)
    for row in rows if only or little else ():
        print(f"{row.name} = {row.value:.4g} {row.unit} (goal {row.goal}): {row.detail}")  # noqa: T201 - its result
    if failed:
        raise SystemExit(f"Not measured to their end: {', '.join(failed)}.")
