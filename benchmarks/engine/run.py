"""`make bench-engine`: measures all parts and writes their rows to one file."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import sd_engine

from benchmarks.engine import cache
from benchmarks.engine.parts import (
    bounded,
    efficiency,
    exact,
    fast,
    fuzz,
    long,
    sameness,
    short_clip,
    speakers,
    throughput,
)
from benchmarks.engine.shared import SharedResults
from benchmarks.engine.size import Size, small
from benchmarks.record import Row, write

ENGINE = Path(sd_engine.__file__).parent


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the benchmark and its planned minutes on two cores, including shared results that it uses first."""

    name: str
    minutes: float
    measure: Callable[[SharedResults], list[Row]]


PARTS = (
    Part("exact", 26, exact.measure),  # 20 of them for stock
    Part("throughput", 2, throughput.measure),
    Part("efficiency", 4, efficiency.measure),
    Part("fast", 5, fast.measure),
    Part("speakers", 4, speakers.measure),
    Part("sameness", 15, sameness.measure),
    Part("short_clip", 3, short_clip.measure),
    Part("long", 14, long.measure),
    Part("fuzz", 9, fuzz.measure),
    Part("bounded", 6, bounded.measure),
)


def main(only: Sequence[str] = (), *, small_size: bool = False, mode: str = "") -> None:
    """Measure all parts and write `results/engine.json`; a partial or small measurement is printed instead.

    Args:
        only: names of the parts to measure; empty = all.
        small_size: measure few and short recordings.
        mode: the mode to measure instead of exact and fast; empty = these two.

    Raises:
        ValueError: a part does not exist.
    """
    if unknown := set(only) - {part.name for part in PARTS}:
        raise ValueError(
            f"Unknown parts: {', '.join(sorted(unknown))}; the parts are {', '.join(p.name for p in PARTS)}."
        )
    parts = [part for part in PARTS if not only or part.name in only]
    complete = not (only or small_size or mode)
    size = small(mode) if small_size else Size(exact=mode or "exact", fast=mode or "fast")
    rows = _measure(parts, size, resumable=complete)
    if not complete:
        for row in rows:
            print(f"{row.name} = {row.value:.4g} {row.unit} (goal {row.goal}): {row.detail}")  # noqa: T201 - the result of a partial measurement
    else:
        write("engine", rows)


def _measure(parts: Sequence[Part], size: Size, *, resumable: bool) -> list[Row]:
    started = time.monotonic()

    def log(text: str) -> None:
        print(f"{time.monotonic() - started:6.0f} s  {text}", file=sys.stderr, flush=True)  # noqa: T201 - progress

    shared = SharedResults(size, log)
    finished = finished_parts() if resumable else {}
    log("planned, in minutes: " + ", ".join(f"{part.name} {part.minutes:g}" for part in parts))
    rows: list[Row] = []
    for part in parts:
        if part.name not in finished:
            log(f"{part.name} begins")
            before = time.monotonic()
            finished[part.name] = part.measure(shared)
            log(f"{part.name} took {(time.monotonic() - before) / 60:.1f} of {part.minutes:g} min")
            if resumable:
                _save(finished)
        rows += finished[part.name]
    return rows


def finished_parts() -> dict[str, list[Row]]:
    """Return the rows that an interrupted run of the same engine has measured, by part."""
    if not (path := _progress_path()).exists():
        return {}
    return {name: [Row(**row) for row in rows] for name, rows in json.loads(path.read_text()).items()}


def _save(finished: dict[str, list[Row]]) -> None:
    text = json.dumps({name: [asdict(row) for row in rows] for name, rows in finished.items()})
    unfinished = _progress_path().with_suffix(".part")
    unfinished.write_text(text)
    unfinished.rename(_progress_path())


def _progress_path() -> Path:
    return cache.cache_dir() / f"rows-{cache.source_digest(sorted(ENGINE.rglob('*.py')))}.json"
