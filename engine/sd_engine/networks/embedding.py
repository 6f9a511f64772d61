"""Embedding networks, split into a trunk, run once per window, and a head, run once per local speaker.

pyannote.audio runs the whole network once per local speaker; nearly all of its work is in the trunk.
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
    """A split embedding network."""

    def trunk(self, waveforms: Tensor) -> Tensor:
        """Map waveforms, shape (batch, samples), to frames, shape (batch, ..., frames)."""
        ...

    def head(self, frames: Tensor, weights: Tensor) -> Tensor:
        """Map frames and weights to embeddings, shape (batch, speakers, dimension).

        Shapes: frames (batch, ..., frames), weights (batch, speakers, mask frames). The embedding of a speaker whose
        weights are all zero is undefined.
        """
        ...


class WeSpeaker:
    """A ResNet on centred log mel energies, the network of community-1 and 3.1."""

    def __init__(self, model: BaseWeSpeakerResNet, dtype: torch.dtype = torch.float32) -> None:
        model_resnet: Any = model.resnet
        self._projection = model_resnet.seg_1
        self._fbank = fbank.Fbank(model.hparams).to(model.device)
        self._trunk = resnet.ResNetTrunk(model_resnet, dtype)

    def trunk(self, waveforms: Tensor) -> Tensor:
        energies = self._fbank(waveforms)
        return self._trunk(energies - energies.mean(dim=1, keepdim=True))

    def head(self, frames: Tensor, weights: Tensor) -> Tensor:
        return self._projection(pooling.statistics(frames.flatten(1, -2), weights))


class XVector:
    """A time-delay network on MFCCs, the network of the demo model."""

    def __init__(self, model: XVectorMFCC, dtype: torch.dtype = torch.float32) -> None:
        self._model = model
        self._dtype = dtype
        self._layers = copy.deepcopy(model.tdnns).to(dtype)

    def trunk(self, waveforms: Tensor) -> Tensor:
        frames = self._model.mfcc(waveforms).to(self._dtype)
        for layer in self._layers:
            frames = layer(frames)
        return frames.float()

    def head(self, frames: Tensor, weights: Tensor) -> Tensor:
        return self._model.embedding(pooling.statistics(frames, weights))


def split(model: Any, dtype: torch.dtype = torch.float32) -> EmbeddingNetwork | None:  # noqa: ANN401
    """Return a pyannote.audio model split into trunk and head; None if its architecture is not supported."""
    if isinstance(model, BaseWeSpeakerResNet) and _is_supported(model):
        return WeSpeaker(model, dtype)
    if type(model) is XVectorMFCC:
        return XVector(model, dtype)
    return None


def _is_supported(model: BaseWeSpeakerResNet) -> bool:
    model_resnet: Any = model.resnet
    if model.hparams["fbank_centering_span"] is not None or model.fbank_only or model_resnet.two_emb_layer:
        return False
    return fbank.is_supported(model.hparams) and resnet.is_supported(model_resnet)
