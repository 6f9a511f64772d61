"""The supply of models measured: kills and damages on one machine, reasons on a control plane, pace in a cluster."""

import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_OPERATOR = _ROOT / "operator" / "tests"
# The fake hub, the control plane, and the words for what is done in a cluster are the tests'.
sys.path[:0] = [
    *(str(_ROOT / part) for part in ("supply/tests", "e2e/tests", "e2e/kit")),
    *(str(folder) for folder in (_OPERATOR, _OPERATOR / "controlplane")),
]
