"""Embedding networks taken apart: a frame-wise trunk, which a window's speakers share, and a head for each of them.

pyannote runs the whole network once for each speaker of each window; the trunk is nearly all of it.
"""

from __future__ import annotations

import copy
from typing import Any, Protocol

import torch
from pyannote.audio.models.embedding.wespeaker import BaseWeSpeakerResNet
from pyannote.audio.models.embedding.xvector import XVectorMFCC
from torch import Tensor

from sd_engine.networks import fbank, pooling, resnet


class EmbeddingNetwork(Protocol):
    """A network's two parts."""

    hop_samples: int
    """Samples between two frames of the trunk."""

    def frames(self, num_samples: int) -> int:
        """How many frames the trunk makes of a window alone."""
        ...

    def trunk(self, waveforms: Tensor) -> Tensor:
        """Shape (batch, samples) to (batch, ..., frames): the frames of each window."""
        ...

    def head(self, frames: Tensor, weights: Tensor) -> Tensor:
        """Shapes (batch, ..., frames) and (batch, speakers, mask frames) to (batch, speakers, dimension).

        The embedding of a speaker without a frame means nothing.
        """
        ...


class WeSpeaker:
    """A ResNet on centred log mel energies: what community-1 and 3.1 use."""

    def __init__(self, model: BaseWeSpeakerResNet, dtype: torch.dtype = torch.float32) -> None:
        model_resnet: Any = model.resnet
        self._model = model
        self._embedding = model_resnet.seg_1
        self._fbank = fbank.Fbank(model.hparams).to(model.device)
        self._trunk = resnet.ResNetTrunk(model_resnet, dtype)
        self.hop_samples = self._fbank.hop_samples * _TIME_STRIDE

    def frames(self, num_samples: int) -> int:
        return self._model.num_frames(num_samples)

    def trunk(self, waveforms: Tensor) -> Tensor:
        energies = self._fbank(waveforms)
        return self._trunk(energies - energies.mean(dim=1, keepdim=True))

    def head(self, frames: Tensor, weights: Tensor) -> Tensor:
        return self._embedding(pooling.statistics(frames.flatten(1, -2), weights))


_TIME_STRIDE = 8
"""Of WeSpeaker's ResNets: three of their four layers halve the number of frames."""


class XVector:
    """A time-delay network on MFCCs: what the demo model uses."""

    def __init__(self, model: XVectorMFCC, dtype: torch.dtype = torch.float32) -> None:
        self._model = model
        self._dtype = dtype
        self._layers = copy.deepcopy(model.tdnns).to(dtype)
        self.hop_samples = model.mfcc.MelSpectrogram.hop_length

    def frames(self, num_samples: int) -> int:
        return self._model.num_frames(num_samples)

    def trunk(self, waveforms: Tensor) -> Tensor:
        frames = self._model.mfcc(waveforms).to(self._dtype)
        for layer in self._layers:
            frames = layer(frames)
        return frames.float()

    def head(self, frames: Tensor, weights: Tensor) -> Tensor:
        return self._model.embedding(pooling.statistics(frames, weights))


def known(model: Any, dtype: torch.dtype = torch.float32) -> EmbeddingNetwork | None:  # noqa: ANN401
    """The network taken apart; None = it is none of those that this file knows."""
    if isinstance(model, BaseWeSpeakerResNet) and _is_usual(model):
        return WeSpeaker(model, dtype)
    if type(model) is XVectorMFCC:
        return XVector(model, dtype)
    return None


def _is_usual(model: BaseWeSpeakerResNet) -> bool:
    model_resnet: Any = model.resnet
    if model.hparams["fbank_centering_span"] is not None or model.fbank_only or model_resnet.two_emb_layer:
        return False
    return fbank.is_usual(model.hparams) and resnet.is_known(model_resnet)
