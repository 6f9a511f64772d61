"""What the device runs: a pipeline's two networks, window by window.

The batcher hands over units of work and knows nothing of networks:
- a window to be segmented gives (frames, speakers) of 0 and 1;
- a window to be embedded, with who speaks in it, gives (speakers, dimension).
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sd_engine.device.executors import Lanes
from sd_engine.networks.embedding import EmbeddingNetwork
from sd_engine.networks.geometry import Geometry
from sd_engine.networks.masks import Masks
from sd_engine.networks.segmentation import Activity
from sd_engine.samples import Samples

Embeddings = NDArray[np.float32]


class Kind(enum.StrEnum):
    """The two things that the device does."""

    SEGMENTATION = enum.auto()
    EMBEDDING = enum.auto()


@dataclass(frozen=True, slots=True)
class Spoken:
    """A window of a recording, and who is active in it, shape (frames, speakers)."""

    samples: Samples
    window: int
    activity: Activity


Unit = Samples | Spoken
"""A window to be segmented, or one to be embedded."""


class Segmenter(Protocol):
    """Segments windows."""

    def segment(self, windows: Sequence[Samples]) -> Sequence[Activity]:
        """For each window of samples an array of 0 and 1, shape (frames, speakers)."""
        ...


class Embedder(Protocol):
    """Embeds windows."""

    silent: NDArray[np.float32]
    """The embedding of a speaker who says nothing, shape (dimension,)."""

    def embed(self, spoken: Sequence[Spoken]) -> Sequence[Embeddings]:
        """For each window an array of shape (speakers, dimension)."""
        ...


class Networks:
    """Both networks on their device, with its lanes."""

    def __init__(self, geometry: Geometry, lanes: Lanes, segmentation: Segmenter, embedder: Embedder) -> None:
        self.geometry = geometry
        self.lanes = lanes
        self.silent = embedder.silent
        self._segmentation = segmentation
        self._embedder = embedder

    def run(self, kind: Kind, units: Sequence[Any]) -> list[Any]:
        """A batch of units of one kind: activity or embeddings for each."""
        step = self._segmentation.segment if kind is Kind.SEGMENTATION else self._embedder.embed
        return self.lanes.run(step, units)

    def noise(self, kind: Kind) -> Unit:
        """A unit of noise in which everybody speaks, to warm up with."""
        geometry = self.geometry
        samples = np.random.default_rng(0).normal(0, 0.1, geometry.window_samples).astype(np.float32)
        if kind is Kind.SEGMENTATION:
            return samples
        return Spoken(samples, 0, np.ones((geometry.frames, geometry.local_speakers), np.uint8))


class Heads:
    """The embeddings of the active speakers, from frames of the trunk; the others get that of silence."""

    def __init__(self, network: EmbeddingNetwork, geometry: Geometry, masks: Masks, device: torch.device) -> None:
        self._network = network
        self._masks = masks
        self._device = device
        self.silent = self._silence(geometry)

    def __call__(self, frames: Tensor, activity: Activity) -> Embeddings:
        """Shapes (windows, ..., frames) and (windows, frames, speakers) to (windows, speakers, dimension)."""
        weights = torch.from_numpy(self._masks(activity)).to(self._device)
        embeddings = self._network.head(frames, weights).float().cpu().numpy()
        embeddings[~activity.any(axis=1)] = self.silent
        return embeddings

    def _silence(self, geometry: Geometry) -> NDArray[np.float32]:
        """What the network makes of a speaker with no frame at all: the same whatever the waveform."""
        with torch.inference_mode():
            frames = self._network.trunk(torch.zeros(1, geometry.window_samples, device=self._device))
            weights = torch.zeros(1, 1, geometry.frames, device=self._device)
            return self._network.head(frames, weights)[0, 0].float().cpu().numpy()


class TrunkOnce:
    """Each window goes through the trunk once, where pyannote sends it through once for each of its speakers."""

    def __init__(self, network: EmbeddingNetwork, heads: Heads, geometry: Geometry, device: torch.device) -> None:
        self.silent = heads.silent
        self._network = network
        self._heads = heads
        self._geometry = geometry
        self._device = device

    def embed(self, spoken: Sequence[Spoken]) -> list[Embeddings]:
        waveforms = np.stack([self._geometry.cut(window.samples, window.window) for window in spoken])
        frames = self._network.trunk(torch.from_numpy(waveforms).to(self._device))
        return list(self._heads(frames, np.stack([window.activity for window in spoken])))


def geometry_of(pipeline: Any) -> Geometry:  # noqa: ANN401 - pyannote's SpeakerDiarization
    """How a pyannote pipeline cuts recordings."""
    segmentation = pipeline._segmentation  # noqa: SLF001
    model = segmentation.model
    window_samples = model.audio.get_num_samples(segmentation.duration)
    return Geometry(
        sample_rate_hz=model.audio.sample_rate,
        window_samples=window_samples,
        step_samples=round(segmentation.step * model.audio.sample_rate),
        frames=model.num_frames(window_samples),
        local_speakers=len(model.specifications.classes),
        dimension=pipeline._embedding.dimension,  # noqa: SLF001
    )
