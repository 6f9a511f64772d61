"""The benchmarks are a package of the repository and installed nowhere: its root is put on the path."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
