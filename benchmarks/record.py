"""Results of a benchmark: rows in a JSON file, and the page that is rendered from all of these files."""

import json
import os
import platform
import subprocess
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
PAGE = HERE.parent / "docs" / "performance.md"


@dataclass(frozen=True)
class Row:
    """A measurement; `goal` is a comparison such as `<= 1.1`, or empty."""

    name: str
    value: float
    unit: str
    goal: str
    detail: str


def write(name: str, rows: list[Row]) -> None:
    """Write `results/NAME.json` atomically and render the page."""
    result = {
        "commit": _output("git", "rev-parse", "--short", "HEAD"),
        "machine": machine(),
        "date": datetime.now(UTC).date().isoformat(),
        "rows": [asdict(row) for row in rows],
    }
    RESULTS.mkdir(exist_ok=True)
    part = RESULTS / f"{name}.json.part"
    part.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    part.rename(RESULTS / f"{name}.json")
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page())


def machine() -> str:
    """Return the processor, the number of usable cores, the memory and the operating system."""
    model = next(line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name"))
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = len(os.sched_getaffinity(0))
    return f"{model.split(':')[1].strip()}, {cores} cores, {memory_gib:.0f} GiB, {platform.system()}"


def page() -> str:
    """Return the content of `docs/performance.md`: a table per file of results."""
    tables = [_table(path.stem, json.loads(path.read_text())) for path in sorted(RESULTS.glob("*.json"))]
    head = (
        "# Performance\n\nRendered by `make bench` from `benchmarks/results`. "
        "Each table was measured on one machine; an interrupted run is resumed.\n"
    )
    return "\n".join([head, *tables])


def _table(name: str, result: dict) -> str:
    lines = [
        f"## {name}",
        f"\n{result['date']}, commit {result['commit']}, {result['machine']}\n",
        "| row | measured | unit | goal | details |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['name']} | {_figure(row['value'])} | {row['unit']} | {row['goal']} | {row['detail']} |"
        for row in result["rows"]
    ]
    return "\n".join(lines) + "\n"


def _figure(value: float) -> str:
    """Return three significant digits, without an exponent for large numbers."""
    shown = f"{value:.3g}"
    return f"{value:.0f}" if "e+" in shown else shown


def _output(*words: str) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=True, cwd=HERE).stdout.strip()
