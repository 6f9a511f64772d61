"""`make bench-engine`: the parts one after the other, and their rows in one file."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import sd_engine

from benchmarks.engine import (
    cache,
    part_bounded,
    part_efficiency,
    part_exact,
    part_fast,
    part_fuzz,
    part_long,
    part_sameness,
    part_short_clip,
    part_speakers,
    part_throughput,
)
from benchmarks.engine.shared import Shared
from benchmarks.engine.size import Size, small
from benchmarks.record import Row, write

ENGINE = Path(sd_engine.__file__).parent


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
    Part("fast", 5, part_fast.measure),
    Part("speakers", 4, part_speakers.measure),
    Part("sameness", 15, part_sameness.measure),
    Part("short_clip", 3, part_short_clip.measure),
    Part("long", 14, part_long.measure),
    Part("fuzz", 9, part_fuzz.measure),
    Part("bounded", 6, part_bounded.measure),
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
    shown_only = bool(only or little or instead)
    size = small(instead) if little else Size(exact=instead or "exact", fast=instead or "fast")
    rows = _measured(parts, size, keep=not shown_only)
    if shown_only:
        for row in rows:
            print(f"{row.name} = {row.value:.4g} {row.unit} (goal {row.goal}): {row.detail}")  # noqa: T201 - its result
    else:
        write("engine", rows)


def _measured(parts: Sequence[Part], size: Size, *, keep: bool) -> list[Row]:
    started = time.monotonic()

    def note(text: str) -> None:
        print(f"{time.monotonic() - started:6.0f} s  {text}", file=sys.stderr, flush=True)  # noqa: T201 - progress

    shared = Shared(size, note)
    finished = kept_rows() if keep else {}
    note("planned, in minutes: " + ", ".join(f"{part.name} {part.minutes:g}" for part in parts))
    rows: list[Row] = []
    for part in parts:
        if part.name not in finished:
            note(f"{part.name} begins")
            before = time.monotonic()
            finished[part.name] = part.measure(shared)
            note(f"{part.name} took {(time.monotonic() - before) / 60:.1f} of {part.minutes:g} min")
            if keep:
                _keep(finished)
        rows += finished[part.name]
    return rows


def kept_rows() -> dict[str, list[Row]]:
    """What an interrupted run of the same code has measured already, by part."""
    if not (path := _kept_path()).exists():
        return {}
    return {name: [Row(**row) for row in rows] for name, rows in json.loads(path.read_text()).items()}


def _keep(finished: dict[str, list[Row]]) -> None:
    text = json.dumps({name: [asdict(row) for row in rows] for name, rows in finished.items()})
    part = _kept_path().with_suffix(".part")
    part.write_text(text)
    part.rename(_kept_path())


def _kept_path() -> Path:
    return cache.folder() / f"rows-{cache.sources(map(str, sorted(ENGINE.rglob('*.py'))))}.json"
