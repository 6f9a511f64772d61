"""`make bench-engine`: the parts one after the other, and their rows in one file."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.engine import (
    part_efficiency,
    part_exact,
    part_fast,
    part_fuzz,
    part_long,
    part_sameness,
    part_short_clip,
    part_throughput,
)
from benchmarks.engine.shared import Shared
from benchmarks.engine.size import Size, small
from benchmarks.record import Row, write


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the benchmark and the minutes that it may take on two cores, with what it is the first to need."""

    name: str
    minutes: float
    measure: Callable[[Shared], list[Row]]


PARTS = (
    Part("exact", 26, part_exact.measure),  # of which stock: 20
    Part("throughput", 2, part_throughput.measure),
    Part("efficiency", 4, part_efficiency.measure),
    Part("fast", 6, part_fast.measure),
    Part("sameness", 15, part_sameness.measure),
    Part("short_clip", 3, part_short_clip.measure),
    Part("long", 14, part_long.measure),
    Part("fuzz", 9, part_fuzz.measure),
)


def main(only: Sequence[str] = (), *, little: bool = False, instead: str = "") -> None:
    """Measures all parts and writes `results/engine.json`; some parts, or a little of each, are only shown.

    Raises:
        ValueError: there is no part of that name.
    """
    if unknown := set(only) - {part.name for part in PARTS}:
        raise ValueError(
            f"No part is named {', '.join(sorted(unknown))}; there are {', '.join(p.name for p in PARTS)}."
        )
    parts = [part for part in PARTS if not only or part.name in only]
    rows = _measured(parts, small(instead) if little else Size(exact=instead or "exact", fast=instead or "fast"))
    if only or little or instead:
        for row in rows:
            print(f"{row.name} = {row.value:.4g} {row.unit} (goal {row.goal}): {row.detail}")  # noqa: T201 - its result
    else:
        write("engine", rows)


def _measured(parts: Sequence[Part], size: Size) -> list[Row]:
    started = time.monotonic()

    def note(text: str) -> None:
        print(f"{time.monotonic() - started:6.0f} s  {text}", file=sys.stderr, flush=True)  # noqa: T201 - progress

    shared = Shared(size, note)
    note("planned, in minutes: " + ", ".join(f"{part.name} {part.minutes:g}" for part in parts))
    rows: list[Row] = []
    for part in parts:
        note(f"{part.name} begins")
        before = time.monotonic()
        rows += part.measure(shared)
        note(f"{part.name} took {(time.monotonic() - before) / 60:.1f} of {part.minutes:g} min")
    return rows
