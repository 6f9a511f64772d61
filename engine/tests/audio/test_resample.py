"""Audio at 16 kHz passes unchanged; audio at other sample rates is resampled without a shift in time."""

from __future__ import annotations

import numpy as np
import pytest
from audio_calls import decoded
from sd_engine.audio.resample import Resampler
from sd_harness.engine.recordings import wav


def test_blocks_at_16_khz_pass_unchanged() -> None:
    block = np.linspace(-1, 1, 100, dtype=np.float32)
    resampler = Resampler(16000)

    assert [passed is block for passed in resampler.resample(block)] == [True]
    assert list(resampler.flush()) == []


@pytest.mark.parametrize("input_rate_hz", [8000, 11025, 44100, 48000])
def test_flushing_returns_the_samples_that_are_still_buffered(input_rate_hz: int) -> None:
    resampler = Resampler(input_rate_hz)
    second = np.zeros(input_rate_hz, np.float32)

    before_flush = sum(len(block) for _ in range(2) for block in resampler.resample(second))
    flushed = sum(len(block) for block in resampler.flush())

    assert before_flush < 2 * 16000
    assert before_flush + flushed == pytest.approx(2 * 16000, abs=16)


def test_a_resampled_tone_keeps_its_phase() -> None:
    time_s = np.arange(48000) / 48000
    tone = (8000 * np.sin(2 * np.pi * 440 * time_s)).astype(np.int16)

    resampled = decoded(wav(tone, sample_rate_hz=48000))

    expected = 8000 / 32768 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
    np.testing.assert_allclose(resampled[500:15500], expected[500:15500], atol=2e-3)
