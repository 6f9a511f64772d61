"""The frame-wise part of WeSpeaker's residual networks, in a form that costs half as much, with the same result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from pyannote.audio.models.embedding.wespeaker.resnet import BasicBlock, ResNet
from torch import Tensor

from sd_engine.networks.convolution import Convolution, folded


@dataclass(frozen=True, slots=True)
class Block:
    """Two convolutions and the way around them; no shortcut = the input itself."""

    first: Convolution
    second: Convolution
    shortcut: Convolution | None

    def __call__(self, features: Tensor) -> Tensor:
        around = features if self.shortcut is None else self.shortcut.plain(features)
        return self.second.add_relu(self.first.relu(features), around)


class ResNetTrunk:
    """pyannote's `ResNet.forward_frames`: log mel energies to frames.

    Batch normalisation is folded into the convolutions, memory is laid out channels last. Differs from the original by
    float rounding (5e-7 of the largest value), or by that of `dtype`.
    """

    def __init__(self, resnet: ResNet, dtype: torch.dtype = torch.float32) -> None:
        self._dtype = dtype
        self._stem = folded(resnet.conv1, resnet.bn1, dtype)
        self._blocks = [_block(block, dtype) for block in _blocks(resnet)]

    def __call__(self, energies: Tensor) -> Tensor:
        """Shape (batch, frames, mel bins) to (batch, channels, mel bins / 8, frames / 8), float32."""
        image = energies.transpose(1, 2).unsqueeze(1).to(self._dtype)
        features = self._stem.relu(image.contiguous(memory_format=torch.channels_last))
        for block in self._blocks:
            features = block(features)
        return features.float().contiguous()  # pooling reads each channel frame by frame, once for each speaker


def is_known(resnet: ResNet) -> bool:
    """Whether the network is made of the blocks that this file knows (ResNet18 and ResNet34 are)."""
    return all(type(block) is BasicBlock for block in _blocks(resnet))


def _blocks(resnet: ResNet) -> list[Any]:
    return [block for layer in (resnet.layer1, resnet.layer2, resnet.layer3, resnet.layer4) for block in layer]


def _block(block: BasicBlock, dtype: torch.dtype) -> Block:
    shortcut = folded(block.shortcut[0], block.shortcut[1], dtype) if len(block.shortcut) else None  # pyright: ignore[reportArgumentType]
    return Block(folded(block.conv1, block.bn1, dtype), folded(block.conv2, block.bn2, dtype), shortcut)
