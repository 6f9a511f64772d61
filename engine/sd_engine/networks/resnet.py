"""The trunk of WeSpeaker's residual networks with folded batch normalisation and fused convolutions.

It needs half the time of pyannote.audio's `ResNet.forward_frames`. Results differ by float32 rounding: 5e-7 of the
largest value, or the rounding of `dtype`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import torch
from pyannote.audio.models.embedding.wespeaker.resnet import BasicBlock, ResNet
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


class ResNetTrunk:
    """Maps log mel energies to frames; all tensors in between are in channels-last layout."""

    def __init__(self, resnet: ResNet, dtype: torch.dtype = torch.float32) -> None:
        self._dtype = dtype
        self._stem = fold(resnet.conv1, resnet.bn1, dtype)
        self._blocks = [_Block.create(block, dtype) for block in _blocks(resnet)]

    def __call__(self, energies: Tensor) -> Tensor:
        """Map shape (batch, frames, mel bins) to (batch, channels, mel bins / 8, frames / 8), float32."""
        image = energies.transpose(1, 2).unsqueeze(1).to(self._dtype)
        features = self._stem.relu(image.contiguous(memory_format=torch.channels_last))
        for block in self._blocks:
            features = block(features)
        return features.float().contiguous()  # pooling reads each channel frame by frame, once per speaker


def is_supported(resnet: ResNet) -> bool:
    """Return True if the network consists of basic blocks, as ResNet18 and ResNet34 do."""
    return all(type(block) is BasicBlock for block in _blocks(resnet))


class Convolution(Protocol):
    """Maps features to features, shape (batch, channels, height, width), in channels-last layout."""

    def plain(self, features: Tensor) -> Tensor: ...

    def relu(self, features: Tensor) -> Tensor: ...

    def add_relu(self, features: Tensor, residual: Tensor) -> Tensor:
        """Return relu(residual + convolution); `residual` may be overwritten."""
        ...


class PlainConvolution:
    """PyTorch's convolution, for any device."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        self._convolution = convolution.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]

    def plain(self, features: Tensor) -> Tensor:
        return self._convolution(features)

    def relu(self, features: Tensor) -> Tensor:
        return self._convolution(features).relu_()

    def add_relu(self, features: Tensor, residual: Tensor) -> Tensor:
        return self._convolution(features).add_(residual).relu_()


class FusedConvolution:
    """oneDNN's convolution fused with sum and ReLU, for CPUs; the whole trunk is a fifth faster.

    torch.compile emits the same operators; called directly, they need no compiler at run time.
    """

    def __init__(self, convolution: nn.Conv2d) -> None:
        weight, bias = convolution.weight.detach(), convolution.bias
        self._bias = None if bias is None else bias.detach()
        padding, stride, dilation = (
            [int(size) for size in sizes] for sizes in (convolution.padding, convolution.stride, convolution.dilation)
        )
        self._geometry = (padding, stride, dilation, 1)
        self._weight = torch.ops.mkldnn._reorder_convolution_weight(  # noqa: SLF001
            weight, *self._geometry, None
        )

    def plain(self, features: Tensor) -> Tensor:
        return self._run(features, "none")

    def relu(self, features: Tensor) -> Tensor:
        return self._run(features, "relu")

    def add_relu(self, features: Tensor, residual: Tensor) -> Tensor:
        return torch.ops.mkldnn._convolution_pointwise_(
            residual, features, self._weight, self._bias, *self._geometry, "add", 1.0, "relu", [], ""
        )

    def _run(self, features: Tensor, activation: str) -> Tensor:
        return torch.ops.mkldnn._convolution_pointwise(  # noqa: SLF001
            features, self._weight, self._bias, *self._geometry, activation, [], ""
        )


def fold(convolution: nn.Conv2d, normalisation: nn.BatchNorm2d, dtype: torch.dtype) -> Convolution:
    """Return one convolution in `dtype` that includes the batch normalisation."""
    folded = fuse_conv_bn_eval(convolution, normalisation).to(dtype)
    if folded.weight.device.type == "cpu" and torch.backends.mkldnn.is_available():
        return FusedConvolution(folded)
    return PlainConvolution(folded)


@dataclass(frozen=True, slots=True)
class _Block:
    """Two convolutions and their shortcut; None is the identity."""

    first: Convolution
    second: Convolution
    shortcut: Convolution | None

    @classmethod
    def create(cls, block: BasicBlock, dtype: torch.dtype) -> _Block:
        shortcut = fold(block.shortcut[0], block.shortcut[1], dtype) if len(block.shortcut) else None  # pyright: ignore[reportArgumentType]
        return cls(fold(block.conv1, block.bn1, dtype), fold(block.conv2, block.bn2, dtype), shortcut)

    def __call__(self, features: Tensor) -> Tensor:
        residual = features if self.shortcut is None else self.shortcut.plain(features)
        return self.second.add_relu(self.first.relu(features), residual)


def _blocks(resnet: ResNet) -> list[Any]:
    return [block for layer in (resnet.layer1, resnet.layer2, resnet.layer3, resnet.layer4) for block in layer]
