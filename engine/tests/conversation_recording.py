"""The sample conversation of the cluster kit, as the engine's tests use it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sd_harness.engine.recordings import SAMPLE_RATE_HZ, wav
from sd_kit.conversation import Turn

_WAV_HEADER_BYTES = 44


@dataclass(frozen=True)
class ConversationRecording:
    """A WAV file and its reference turns."""

    path: Path
    turns: list[Turn]

    def content(self) -> bytes:
        return self.path.read_bytes()

    def excerpt(self, duration_s: float) -> bytes:
        """Return the first `duration_s` seconds as a WAV file."""
        samples = np.frombuffer(self.content()[_WAV_HEADER_BYTES:], "<i2")
        return wav(samples[: round(duration_s * SAMPLE_RATE_HZ)])
