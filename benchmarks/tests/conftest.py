"""Adds the repository's root to the path: the package `benchmarks` is not installed."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
