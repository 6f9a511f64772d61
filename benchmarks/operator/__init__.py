"""The operator measured on a control plane without nodes: pace, quiet, repair, kills, fail-over."""

import sys
from pathlib import Path

_TESTS = Path(__file__).resolve().parents[2] / "operator" / "tests"
_KIT = _TESTS.parents[1] / "e2e" / "kit"
# The control plane and the specs are the tests', and the kit knows where the optional kinds come from.
sys.path[:0] = [str(_TESTS), str(_TESTS / "controlplane"), str(_KIT)]
