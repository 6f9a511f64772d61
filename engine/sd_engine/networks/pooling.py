"""Weighted statistics pooling: a window's frames, read once for all of its speakers.

The same statistics as pyannote's `StatsPool`, which makes five passes over the frames for each speaker.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_TINY = 1e-8
"""What pyannote adds to its denominators."""


def statistics(frames: Tensor, weights: Tensor) -> Tensor:
    """Mean and unbiased standard deviation of each feature over the frames of each speaker.

    Shapes (windows, features, frames) and (windows, speakers, mask frames) to (windows, speakers, 2 * features). The
    values for a speaker without a frame mean nothing.
    """
    weights = functional.interpolate(weights, size=frames.shape[2], mode="nearest")
    total = weights.sum(dim=2, keepdim=True) + _TINY
    mean = weights @ frames.transpose(1, 2) / total
    # Two passes: one, by the mean of the squares, loses all digits where a speaker has only a frame or two.
    squares = [
        ((frames - of_speaker.unsqueeze(2)).square_() @ weight.unsqueeze(2)).squeeze(2)
        for of_speaker, weight in zip(mean.unbind(1), weights.unbind(1), strict=True)
    ]
    freedom = total - weights.square().sum(dim=2, keepdim=True) / total + _TINY
    return torch.cat([mean, (torch.stack(squares, dim=1) / freedom).sqrt()], dim=2)
