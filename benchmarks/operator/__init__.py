"""The operator measured on a control plane without nodes: pace, quiet, repair, kills, fail-over."""

import sys
from pathlib import Path

_TESTS = Path(__file__).resolve().parents[2] / "operator" / "tests"
sys.path[:0] = [str(_TESTS), str(_TESTS / "controlplane")]  # the control plane and the specs are the tests'
