"""Kaldi's log mel filterbank features for WeSpeaker's networks, with window and filters computed once.

The values are those of torchaudio.compliance.kaldi.fbank, which computes window and filters for every waveform.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - the usual name
from torch import Tensor, nn
from torchaudio.compliance import kaldi

FULL_SCALE = 1 << 15
_PREEMPHASIS = 0.97
_LOWEST_HZ = 20.0


class Fbank(nn.Module):
    """Maps waveforms of full scale 1, shape (..., samples), to log mel energies, shape (..., frames, mel bins)."""

    window: Tensor
    filters: Tensor

    def __init__(self, hparams: Any) -> None:  # noqa: ANN401 - an attribute dictionary of pyannote.audio
        super().__init__()
        self._frame_samples = int(hparams.sample_rate * hparams.frame_length * 0.001)
        self._hop_samples = int(hparams.sample_rate * hparams.frame_shift * 0.001)
        self._fft_samples = 1 << (self._frame_samples - 1).bit_length()
        window = torch.hamming_window(self._frame_samples, periodic=False)
        filters, _ = kaldi.get_mel_banks(
            hparams.num_mel_bins, self._fft_samples, hparams.sample_rate, _LOWEST_HZ, 0.0, 100.0, -500.0, 1.0
        )
        self.register_buffer("window", window, persistent=False)
        self.register_buffer("filters", F.pad(filters, (0, 1)).T.contiguous(), persistent=False)

    def forward(self, waveforms: Tensor) -> Tensor:
        frames = (waveforms * FULL_SCALE).unfold(-1, self._frame_samples, self._hop_samples)
        frames = frames - frames.mean(dim=-1, keepdim=True)
        # Product and difference are rounded separately, as in Kaldi: fused, low bands would differ by 1e-3.
        emphasised = torch.empty_like(frames)
        emphasised[..., 0] = frames[..., 0]
        emphasised[..., 1:] = frames[..., :-1]
        emphasised.mul_(-_PREEMPHASIS).add_(frames)
        spectrum = torch.fft.rfft(emphasised.mul_(self.window), n=self._fft_samples)
        power = spectrum.real.square() + spectrum.imag.square()
        return (power @ self.filters).clamp_min(torch.finfo(torch.float32).eps).log()


def is_supported(hparams: Any) -> bool:  # noqa: ANN401
    """Return True if a network's features have the parameters that `Fbank` implements."""
    required = {
        "sample_rate": 16000,
        "dither": 0.0,
        "round_to_power_of_two": True,
        "snip_edges": True,
        "window_type": "hamming",
        "use_energy": False,
    }
    return all(hparams[name] == value for name, value in required.items())
