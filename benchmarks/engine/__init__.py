"""The engine beside unmodified pyannote.audio: one part per file, all measured in one run."""

import sys
from pathlib import Path

_REPOSITORY = Path(__file__).parents[2]
# The real engine and the real Triton are started here just as the tests start them.
sys.path[:0] = [str(_REPOSITORY / "engine/tests"), str(_REPOSITORY / "model_repository/tests")]
