"""Weighted statistics are those of pyannote.audio's StatsPool."""

from __future__ import annotations

import torch
from pyannote.audio.models.blocks.pooling import StatsPool
from sd_engine.networks import pooling


def test_statistics_are_statspools() -> None:
    generator = torch.Generator().manual_seed(0)
    frames = torch.randn(2, 5, 30, generator=generator)
    weights = (torch.rand(2, 3, 12, generator=generator) > 0.4).float()

    expected = torch.stack([StatsPool()(frames, weights=weights[:, speaker]) for speaker in range(3)], dim=1)

    torch.testing.assert_close(pooling.statistics(frames, weights), expected)


def test_the_deviation_of_two_close_frames_is_not_lost() -> None:
    frames = torch.zeros(1, 1, 10)
    frames[0, 0, :2] = torch.tensor([1000.0, 1000.5])
    weights = torch.zeros(1, 1, 10)
    weights[0, 0, :2] = 1

    mean, deviation = pooling.statistics(frames, weights)[0, 0]

    torch.testing.assert_close(mean, torch.tensor(1000.25))
    torch.testing.assert_close(deviation, torch.tensor(0.125).sqrt())
