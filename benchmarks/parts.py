"""Benchmarks in parts: results are written after each part, and a failing part does not stop the others."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence

from benchmarks.record import Row, write

Part = Callable[[bool], list[Row]]
"""Measures at full size, or at small size if the argument is True."""


def measure(benchmark: str, parts: Mapping[str, Part], only: Sequence[str] = (), *, small_size: bool = False) -> None:
    """Measure all parts and write `results/BENCHMARK.json` after each of them.

    A partial or small measurement is printed instead.

    Raises:
        ValueError: a part does not exist.
        SystemExit: a part failed; the others were measured.
    """
    if unknown := set(only) - parts.keys():
        raise ValueError(f"Unknown parts: {', '.join(sorted(unknown))}; the parts are {', '.join(parts)}.")
    rows: list[Row] = []
    failed: list[str] = []
    for name in only or parts:
        started = time.monotonic()
        try:
            rows += parts[name](small_size)
        except (AssertionError, RuntimeError, OSError):
            traceback.print_exc()
            failed.append(name)
        print(f"{name} took {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)  # noqa: T201 - progress
        if not only and not small_size:
            write(benchmark, rows)
    for row in rows if only or small_size else ():
        print(f"{row.name} = {row.value:.4g} {row.unit} (goal {row.goal}): {row.detail}")  # noqa: T201 - the result of a partial measurement
    if failed:
        raise SystemExit(f"Failed parts: {', '.join(failed)}.")
