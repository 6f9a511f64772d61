"""How a recording is cut into windows: the arithmetic of pyannote's sliding window, in samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sd_engine.samples import Samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """Windows of `window_samples`, one every `step_samples`; what is missing at a recording's end is silence.

    Each window is segmented into `frames` frames of `local_speakers` speakers, each of whom may get an embedding of
    `dimension` numbers.
    """

    sample_rate_hz: int
    window_samples: int
    step_samples: int
    frames: int
    local_speakers: int
    dimension: int

    def windows(self, num_samples: int) -> int:
        """How many windows cover a recording (pyannote.audio.core.inference.Inference.slide)."""
        if num_samples < self.window_samples:
            return 1
        beyond_first = num_samples - self.window_samples
        return 1 + beyond_first // self.step_samples + (beyond_first % self.step_samples > 0)

    def start(self, window: int) -> int:
        """The first sample of a window."""
        return window * self.step_samples

    def cut(self, samples: Samples, window: int) -> Samples:
        """A copy of a window's samples, with silence behind the recording's end."""
        cut = np.zeros(self.window_samples, np.float32)
        held = samples[self.start(window) :][: self.window_samples]
        cut[: len(held)] = held
        return cut
