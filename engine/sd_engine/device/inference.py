"""Inference: a pipeline's segmentation and embedding networks on their device."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from sd_engine.device.executors import Executors
from sd_engine.networks.embedding import EmbeddingNetwork
from sd_engine.networks.geometry import Geometry
from sd_engine.networks.masks import SpeakerMasks
from sd_engine.networks.segmentation import Activity
from sd_engine.samples import Samples

Embeddings = NDArray[np.float32]
"""Shape (..., local speakers, dimension)."""


class NetworkKind(enum.StrEnum):
    """The two networks; all items of a batch go through the same one."""

    SEGMENTATION = enum.auto()
    EMBEDDING = enum.auto()


@dataclass(frozen=True, slots=True)
class EmbeddingInput:
    """A window of a recording and its activity, shape (frames, local speakers)."""

    samples: Samples
    window: int
    activity: Activity


BatchItem = Samples | EmbeddingInput
"""The samples of a window to segment, or a window to embed."""


class Segmenter(Protocol):
    """Segments windows."""

    def segment(self, windows: Sequence[Samples]) -> Sequence[Activity]:
        """Return each window's activity, shape (frames, local speakers)."""
        ...


class Embedder(Protocol):
    """Embeds the local speakers of windows."""

    silent_embedding: NDArray[np.float32]
    """Embedding of a local speaker without an active frame, shape (dimension,)."""

    def embed(self, inputs: Sequence[EmbeddingInput]) -> Sequence[Embeddings]:
        """Return each window's embeddings, shape (local speakers, dimension)."""
        ...


class NetworkRunner:
    """Runs batches of windows through either network."""

    def __init__(self, geometry: Geometry, executors: Executors, segmenter: Segmenter, embedder: Embedder) -> None:
        self.geometry = geometry
        self.executors = executors
        self.silent_embedding = embedder.silent_embedding
        self._segmenter = segmenter
        self._embedder = embedder

    def run(self, kind: NetworkKind, batch: Sequence[Any]) -> list[Any]:
        """Return the activity, or the embeddings, of each item of a batch."""
        network = self._segmenter.segment if kind is NetworkKind.SEGMENTATION else self._embedder.embed
        return self.executors.run(network, batch)

    def warm_up_item(self, kind: NetworkKind) -> BatchItem:
        """Return a window of noise in which all local speakers are active."""
        geometry = self.geometry
        samples = np.random.default_rng(0).normal(0, 0.1, geometry.window_samples).astype(np.float32)
        if kind is NetworkKind.SEGMENTATION:
            return samples
        return EmbeddingInput(samples, 0, np.ones((geometry.frames, geometry.local_speakers), np.uint8))


class SharedTrunkEmbedder:
    """Runs each window through the trunk once; pyannote.audio runs it once per local speaker."""

    def __init__(
        self, network: EmbeddingNetwork, geometry: Geometry, masks: SpeakerMasks, device: torch.device
    ) -> None:
        self._network = network
        self._geometry = geometry
        self._masks = masks
        self._device = device
        self.silent_embedding = self._embed_silence()

    def embed(self, inputs: Sequence[EmbeddingInput]) -> list[Embeddings]:
        waveforms = np.stack([self._geometry.cut(window.samples, window.window) for window in inputs])
        activity = np.stack([window.activity for window in inputs])
        frames = self._network.trunk(torch.from_numpy(waveforms).to(self._device))
        weights = torch.from_numpy(self._masks(activity)).to(self._device)
        embeddings = self._network.head(frames, weights).float().cpu().numpy()
        embeddings[~activity.any(axis=1)] = self.silent_embedding
        return list(embeddings)

    def _embed_silence(self) -> NDArray[np.float32]:
        """Return the embedding for a mask without frames, which does not depend on the waveform."""
        geometry = self._geometry
        with torch.inference_mode():
            frames = self._network.trunk(torch.zeros(1, geometry.window_samples, device=self._device))
            weights = torch.zeros(1, 1, geometry.frames, device=self._device)
            return self._network.head(frames, weights)[0, 0].float().cpu().numpy()
