"""`make bench`: every benchmark, one after the other. `python -m benchmarks NAME` runs one of them."""

from __future__ import annotations

import argparse

from benchmarks import serving
from benchmarks.engine import run as engine
from benchmarks.operator import run as operator
from benchmarks.supply import run as supply


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "name",
        nargs="?",
        choices=["serving", "engine", "operator", "supply"],
        help="one benchmark; without it, all run",
    )
    parser.add_argument("--only", default="", help="parts of a benchmark but serving; shown, not written")
    parser.add_argument("--small", action="store_true", help="a little of each part; shown, not written")
    parser.add_argument("--instead", default="", metavar="MODE", help="the mode that stands for exact and fast")
    asked = parser.parse_args()
    if asked.name in (None, "serving"):
        serving.main()
    only = [name for name in asked.only.split(",") if name]
    if asked.name in (None, "operator"):
        operator.main(only, little=asked.small)
    if asked.name in (None, "supply"):
        supply.main(only, little=asked.small)
    if asked.name in (None, "engine"):
        engine.main(only, little=asked.small, instead=asked.instead)


if __name__ == "__main__":
    main()
