"""Filterbank features are Kaldi's."""

from __future__ import annotations

import pytest
import torch
from pyannote.audio.models.embedding import WeSpeakerResNet34
from sd_engine.networks import fbank
from torchaudio.compliance import kaldi

HPARAMS = WeSpeakerResNet34().hparams


@pytest.mark.parametrize("silent_from", [16000, 9000, 0])
def test_log_mel_energies_are_kaldis(silent_from: int) -> None:
    waveform = 0.1 * torch.randn(1, 16000, generator=torch.Generator().manual_seed(1))
    waveform[:, silent_from:] = 0
    expected = kaldi.fbank(
        waveform * (1 << 15), num_mel_bins=80, frame_length=25, frame_shift=10, dither=0.0, window_type="hamming"
    )

    torch.testing.assert_close(fbank.Fbank(HPARAMS)(waveform)[0], expected, rtol=0, atol=1e-4)


def test_only_the_implemented_parameters_are_supported() -> None:
    assert fbank.is_supported(HPARAMS)
    assert not fbank.is_supported(dict(HPARAMS) | {"window_type": "hann"})
