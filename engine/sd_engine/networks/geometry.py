"""Sliding windows of a recording, in samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sd_engine.samples import Samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """Windows of `window_samples`, one every `step_samples`; the last one is padded with silence.

    Segmentation yields `frames` frames of `local_speakers` local speakers per window, embedding one vector of
    `dimension` numbers per local speaker.
    """

    sample_rate_hz: int
    window_samples: int
    step_samples: int
    frames: int
    local_speakers: int
    dimension: int

    @classmethod
    def from_pipeline(cls, pipeline: Any) -> Geometry:  # noqa: ANN401 - pyannote.audio's SpeakerDiarization
        """Return the windows that a pyannote.audio pipeline uses."""
        segmentation = pipeline._segmentation  # noqa: SLF001
        model = segmentation.model
        window_samples = model.audio.get_num_samples(segmentation.duration)
        return cls(
            sample_rate_hz=model.audio.sample_rate,
            window_samples=window_samples,
            step_samples=round(segmentation.step * model.audio.sample_rate),
            frames=model.num_frames(window_samples),
            local_speakers=len(model.specifications.classes),
            dimension=pipeline._embedding.dimension,  # noqa: SLF001
        )

    def windows(self, num_samples: int) -> int:
        """Return the number of windows that cover a recording (pyannote.audio.core.inference.Inference.slide)."""
        if num_samples < self.window_samples:
            return 1
        after_first = num_samples - self.window_samples
        return 1 + after_first // self.step_samples + (after_first % self.step_samples > 0)

    def cut(self, samples: Samples, window: int) -> Samples:
        """Return a copy of a window's samples, padded with silence at the end of the recording."""
        padded = np.zeros(self.window_samples, np.float32)
        available = samples[window * self.step_samples :][: self.window_samples]
        padded[: len(available)] = available
        return padded
