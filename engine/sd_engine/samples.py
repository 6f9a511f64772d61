"""The audio format between decoder and networks: 16 kHz mono float32 samples of full scale 1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 16000

Samples = NDArray[np.float32]
"""Shape (samples,)."""
