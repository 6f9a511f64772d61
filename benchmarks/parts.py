"""A benchmark in parts: one after the other, the rows written after each, one that breaks off no end of the others."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence

from benchmarks.record import Row, write

Part = Callable[[bool], list[Row]]
"""Measures all of it, or a little."""


def measure(benchmark: str, parts: Mapping[str, Part], only: Sequence[str] = (), *, little: bool = False) -> None:
    """Measures all parts and writes `results/BENCHMARK.json` after each; some, or a little of each, are only shown.

    Raises:
        ValueError: there is no part of that name.
        SystemExit: a part could not be measured to its end; the others were.
    """
    if unknown := set(only) - parts.keys():
        raise ValueError(f"No part is named {', '.join(sorted(unknown))}; there are {', '.join(parts)}.")
    rows: list[Row] = []
    failed: list[str] = []
    for name in only or parts:
        started = time.monotonic()
        try:
            rows += parts[name](little)
        except (AssertionError, RuntimeError, OSError):
            traceback.print_exc()
            failed.append(name)
        print(f"{name} took {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)  # noqa: T201 - progress
        if not only and not little:
            write(benchmark, rows)
    for row in rows if only or little else ():
        print(f"{row.name} = {row.value:.4g} {row.unit} (goal {row.goal}): {row.detail}")  # noqa: T201 - its result
    if failed:
        raise SystemExit(f"Not measured to their end: {', '.join(failed)}.")
