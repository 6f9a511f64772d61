"""`make bench`: run all benchmarks in sequence. `python -m benchmarks NAME` runs one of them."""

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
        help="the benchmark to run (default: all)",
    )
    parser.add_argument(
        "--only",
        default="",
        help="comma-separated parts to measure; results are printed, not written (not for serving)",
    )
    parser.add_argument(
        "--small", action="store_true", help="measure few and short recordings; results are printed, not written"
    )
    parser.add_argument("--mode", default="", help="measure this mode of the engine instead of exact and fast")
    arguments = parser.parse_args()
    if arguments.name in (None, "serving"):
        serving.main()
    only = [name for name in arguments.only.split(",") if name]
    if arguments.name in (None, "operator"):
        operator.main(only, small_size=arguments.small)
    if arguments.name in (None, "supply"):
        supply.main(only, small_size=arguments.small)
    if arguments.name in (None, "engine"):
        engine.main(only, small_size=arguments.small, mode=arguments.mode)


if __name__ == "__main__":
    main()
