"""Embedding networks taken apart: a frame-wise trunk, which a window's speakers share, and a head for each of them.

pyannote runs the whole network once for each speaker of each window; the trunk is nearly all of it.
"""

from __future__ import annotations

import copy
from typing import Any, Protocol

import torch
import torch.nn.functional as F  # noqa: N812 - the field's own name
from pyannote.audio.models.embedding.wespeaker import BaseWeSpeakerResNet
from pyannote.audio.models.embedding.xvector import XVectorMFCC
from torch import Tensor

from sd_engine import fbank, resnet_trunk


class EmbeddingNetwork(Protocol):
    """A network's two parts. `trunk` may see a window alone, or many seconds at once."""

    hop_samples: int
    """Samples between two frames of the trunk."""
    context_samples: int
    """How far, to each side, a frame of the trunk depends on its surroundings at most."""
    centering_samples: int
    """How much more surroundings its features want to be centred in; 0 = they are not centred."""

    def frames(self, num_samples: int) -> int:
        """How many frames the trunk makes of a window alone."""
        ...

    def trunk(self, waveforms: Tensor) -> Tensor:
        """Shape (batch, samples) to (batch, ..., frames), each of the batch a window of its own."""
        ...

    def long_trunk(self, waveform: Tensor, *, left: int, right: int, window_samples: int) -> Tensor:
        """Shape (samples,) to (..., frames): as if each frame stood in the middle of its own window.

        `left` and `right` samples at the ends are only there to centre the features and are left out.
        """
        ...

    def head(self, frames: Tensor, weights: Tensor) -> Tensor:
        """Shapes (batch, ..., frames) and (batch, weights) to (batch, dimension)."""
        ...


class WeSpeaker:
    """A ResNet on centred log mel energies: what community-1 and 3.1 use."""

    def __init__(self, model: BaseWeSpeakerResNet, dtype: torch.dtype = torch.float32) -> None:
        self._model = model
        self._resnet: Any = model.resnet
        self._fbank = fbank.Fbank(model.hparams).to(model.device)
        self._trunk = resnet_trunk.ResNetTrunk(self._resnet, dtype)
        self._hop = self._fbank.hop_samples
        self.hop_samples = self._hop * _TIME_STRIDE
        self.context_samples = _CONTEXT_FRAMES * self.hop_samples
        self.centering_samples = self._hop

    def frames(self, num_samples: int) -> int:
        return self._model.num_frames(num_samples)

    def trunk(self, waveforms: Tensor) -> Tensor:
        energies = self._fbank(waveforms)
        return self._trunk(energies - energies.mean(dim=1, keepdim=True))

    def long_trunk(self, waveform: Tensor, *, left: int, right: int, window_samples: int) -> Tensor:
        energies = self._fbank(waveform[None])
        centred = energies - _running_mean(energies, window_samples // self._hop)
        used = slice(left // self._hop, centred.shape[1] - right // self._hop)
        return self._trunk(centred[:, used])[0]

    def head(self, frames: Tensor, weights: Tensor) -> Tensor:
        return self._resnet.forward_embedding(frames, weights=weights)[1]


_TIME_STRIDE = 8
"""Of WeSpeaker's ResNets: three of their four layers halve the number of frames."""
_CONTEXT_FRAMES = 14
"""Half the receptive field of ResNet34, in frames of the trunk: 112 of 10 ms."""


class XVector:
    """A time-delay network on MFCCs: what the demo model uses."""

    def __init__(self, model: XVectorMFCC, dtype: torch.dtype = torch.float32) -> None:
        self._model = model
        self._dtype = dtype
        self._layers = copy.deepcopy(model.tdnns).to(dtype)
        self.hop_samples = model.mfcc.MelSpectrogram.hop_length
        self.context_samples = 0  # its convolutions are not padded: a frame has all of its surroundings or is not made
        self.centering_samples = 0

    def frames(self, num_samples: int) -> int:
        return self._model.num_frames(num_samples)

    def trunk(self, waveforms: Tensor) -> Tensor:
        frames = self._model.mfcc(waveforms).to(self._dtype)
        for layer in self._layers:
            frames = layer(frames)
        return frames.float()

    def long_trunk(self, waveform: Tensor, *, left: int, right: int, window_samples: int) -> Tensor:
        del left, right, window_samples  # nothing is centred
        return self.trunk(waveform[None])[0]

    def head(self, frames: Tensor, weights: Tensor) -> Tensor:
        return self._model.embedding(self._model.stats_pool(frames, weights=weights))


def known(model: Any, dtype: torch.dtype = torch.float32) -> EmbeddingNetwork | None:  # noqa: ANN401
    """The network taken apart; None = it is none of those that this file knows."""
    if isinstance(model, BaseWeSpeakerResNet) and _is_usual(model):
        return WeSpeaker(model, dtype)
    if type(model) is XVectorMFCC:
        return XVector(model, dtype)
    return None


def _is_usual(model: BaseWeSpeakerResNet) -> bool:
    resnet: Any = model.resnet
    centred_as_a_whole = model.hparams["fbank_centering_span"] is None and not model.fbank_only
    return centred_as_a_whole and fbank.is_usual(model.hparams) and resnet_trunk.is_known(resnet)


def _running_mean(energies: Tensor, frames: int) -> Tensor:
    """The mean over `frames` around each frame, shape (batch, frames, bins); fewer at the ends."""
    span = 2 * (frames // 2) + 1
    mean = F.avg_pool1d(energies.transpose(1, 2), span, stride=1, padding=span // 2, count_include_pad=False)
    return mean.transpose(1, 2)
