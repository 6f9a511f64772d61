"""Weighted statistics pooling of a window's frames for all of its speakers.

The statistics are those of pyannote.audio's `StatsPool`, which passes over the frames five times per speaker.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_EPSILON = 1e-8
"""Added to denominators, as in `StatsPool`."""


def statistics(frames: Tensor, weights: Tensor) -> Tensor:
    """Return the weighted mean and unbiased standard deviation of each feature, for each speaker.

    Shapes: frames (windows, features, frames), weights (windows, speakers, mask frames), result
    (windows, speakers, 2 * features). The result is undefined for a speaker whose weights are all zero.
    """
    weights = functional.interpolate(weights, size=frames.shape[2], mode="nearest")
    total = weights.sum(dim=2, keepdim=True) + _EPSILON
    mean = weights @ frames.transpose(1, 2) / total
    # A single pass over the squares would lose all digits for a speaker with one or two frames.
    squares = [
        ((frames - speaker_mean.unsqueeze(2)).square_() @ speaker_weights.unsqueeze(2)).squeeze(2)
        for speaker_mean, speaker_weights in zip(mean.unbind(1), weights.unbind(1), strict=True)
    ]
    degrees_of_freedom = total - weights.square().sum(dim=2, keepdim=True) / total + _EPSILON
    return torch.cat([mean, (torch.stack(squares, dim=1) / degrees_of_freedom).sqrt()], dim=2)
