"""The trunk's frames are those of pyannote.audio's `ResNet.forward_frames`."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from pyannote.audio.models.embedding import WeSpeakerResNet34
from pyannote.audio.models.embedding.wespeaker.resnet import ResNet152
from random_wespeaker import random_wespeaker
from sd_engine.networks import resnet
from sd_engine.networks.resnet import FusedConvolution, PlainConvolution, ResNetTrunk
from torch import nn


def test_frames_differ_by_float32_rounding() -> None:
    model: Any = random_wespeaker().resnet
    energies = torch.randn(2, 160, 80, generator=torch.Generator().manual_seed(2))

    with torch.inference_mode():
        frames, expected = ResNetTrunk(model)(energies), model.forward_frames(energies)

    assert frames.shape == expected.shape
    assert (frames - expected).abs().max() < 1e-5 * expected.abs().max()


def test_plain_and_fused_convolutions_agree() -> None:
    torch.manual_seed(3)
    convolution = nn.Conv2d(16, 16, 3, padding=1)
    features, residual = torch.randn(2, 1, 16, 8, 8).unbind()
    features, residual = (each.contiguous(memory_format=torch.channels_last) for each in (features, residual))
    plain, fused = PlainConvolution(convolution), FusedConvolution(convolution)

    with torch.inference_mode():
        torch.testing.assert_close(fused.plain(features), plain.plain(features), rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(fused.relu(features), plain.relu(features), rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(
            fused.add_relu(features, residual.clone()), plain.add_relu(features, residual.clone()), rtol=1e-5, atol=1e-5
        )


@pytest.mark.parametrize(("model", "supported"), [(WeSpeakerResNet34().resnet, True), (ResNet152(80, 256), False)])
def test_only_basic_blocks_are_supported(model: Any, supported: bool) -> None:  # noqa: FBT001
    assert resnet.is_supported(model) is supported
