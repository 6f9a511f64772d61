"""What the device runs: a pipeline's two networks, window by window (exact) or with one trunk for many (fast).

The batcher hands over units of work and knows nothing of networks:
- a window to be segmented gives (frames, speakers) of 0 and 1;
- a stretch of windows to be embedded gives (windows, speakers, dimension).
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sd_engine.embedding_networks import EmbeddingNetwork
from sd_engine.geometry import Geometry, Samples
from sd_engine.lanes import Lanes
from sd_engine.masks import Masks
from sd_engine.segmentation_network import Activity

Embeddings = NDArray[np.float32]


class Kind(enum.StrEnum):
    """The two things that the device does."""

    SEGMENTATION = enum.auto()
    EMBEDDING = enum.auto()


@dataclass(frozen=True, slots=True)
class Stretch:
    """Neighbouring windows of one recording, and who is active in them, shape (windows, frames, speakers)."""

    samples: Samples
    windows: range
    activity: Activity


Unit = Samples | Stretch
"""A window to be segmented, or a stretch to be embedded."""


class Segmenter(Protocol):
    """Segments windows."""

    def segment(self, windows: Sequence[Samples]) -> Sequence[Activity]:
        """For each window of samples an array of 0 and 1, shape (frames, speakers)."""
        ...


class Embedder(Protocol):
    """Embeds stretches."""

    share: int
    """How many windows a stretch should have."""

    silent: NDArray[np.float32]
    """The embedding of a speaker who says nothing, shape (dimension,)."""

    def embed(self, stretches: Sequence[Stretch]) -> Sequence[Embeddings]:
        """For each stretch an array of shape (windows, speakers, dimension)."""
        ...


class Networks:
    """Both networks on their device, with its lanes."""

    def __init__(self, geometry: Geometry, lanes: Lanes, segmentation: Segmenter, embedder: Embedder) -> None:
        self.geometry = geometry
        self.lanes = lanes
        self.silent = embedder.silent
        self._segmentation = segmentation
        self._embedder = embedder

    def stretches(self, windows: int) -> list[range]:
        """A recording's windows in the stretches in which they are embedded."""
        share = self._embedder.share
        return [range(start, min(start + share, windows)) for start in range(0, windows, share)]

    def run(self, kind: Kind, units: Sequence[Any]) -> list[Any]:
        """A batch of units of one kind: activity for each window, or embeddings for each stretch."""
        step = self._segmentation.segment if kind is Kind.SEGMENTATION else self._embedder.embed
        return self.lanes.run(step, units)

    def noise(self, kind: Kind) -> Unit:
        """A full-sized unit of noise in which everybody speaks, to warm up with."""
        geometry = self.geometry
        noise = np.random.default_rng(0).normal(0, 0.1, geometry.window_samples + 100 * geometry.step_samples)
        samples = noise.astype(np.float32)
        if kind is Kind.SEGMENTATION:
            return samples[: geometry.window_samples]
        windows = self.stretches(geometry.windows(len(samples)))[0]
        return Stretch(samples, windows, np.ones((len(windows), geometry.frames, geometry.local_speakers), np.uint8))


def windows_of(units: Sequence[Unit]) -> int:
    """How many windows there are in units."""
    return sum(len(unit.windows) if isinstance(unit, Stretch) else 1 for unit in units)


class Heads:
    """The embeddings of the active speakers, from frames of the trunk; the others get that of silence."""

    def __init__(self, network: EmbeddingNetwork, geometry: Geometry, masks: Masks, device: torch.device) -> None:
        self._network = network
        self._masks = masks
        self._device = device
        self.silent = self._silence(geometry)

    def __call__(self, frames: Tensor, activity: Activity) -> Embeddings:
        """Shapes (windows, ..., frames) and (windows, frames, speakers) to (windows, speakers, dimension)."""
        windows, speakers = np.nonzero(activity.any(axis=1))
        embeddings = np.broadcast_to(self.silent, (len(activity), activity.shape[2], len(self.silent))).copy()
        if len(windows):
            weights = torch.from_numpy(self._masks(activity)[windows, speakers]).to(self._device)
            of_active = self._network.head(frames[torch.from_numpy(windows).to(self._device)], weights)
            embeddings[windows, speakers] = of_active.float().cpu().numpy()
        return embeddings

    def _silence(self, geometry: Geometry) -> NDArray[np.float32]:
        """What the network makes of a speaker with no frame at all: the same whatever the waveform."""
        with torch.inference_mode():
            frames = self._network.trunk(torch.zeros(1, geometry.window_samples, device=self._device))
            weights = torch.zeros(1, geometry.frames, device=self._device)
            return self._network.head(frames, weights)[0].float().cpu().numpy()


class TrunkOnce:
    """Each stretch goes through the trunk once, where pyannote sends each window through once for each speaker.

    With one window in a stretch that gives pyannote's embeddings. With more, neighbours share what they have in common:
    approximate, because the trunk then sees a window's surroundings and not silence, and centres features in the
    stretch as a whole.
    """

    def __init__(
        self, network: EmbeddingNetwork, heads: Heads, geometry: Geometry, device: torch.device, *, share: int
    ) -> None:
        self.silent = heads.silent
        self.share = share
        self._network = network
        self._heads = heads
        self._geometry = geometry
        self._device = device

    def embed(self, stretches: Sequence[Stretch]) -> Sequence[Embeddings]:
        alike = (list(group) for _, group in groupby(stretches, key=lambda stretch: len(stretch.windows)))
        return [embeddings for group in alike for embeddings in self._embed(group)]

    def _embed(self, stretches: list[Stretch]) -> Iterator[Embeddings]:
        """Stretches of the same length, as one batch."""
        waveforms = np.stack([self._geometry.cut(stretch.samples, stretch.windows) for stretch in stretches])
        frames = self._network.trunk(torch.from_numpy(waveforms).to(self._device))
        for stretch, of_stretch in zip(stretches, frames, strict=True):
            yield self._heads(self._of_windows(of_stretch, len(stretch.windows)), stretch.activity)

    def _of_windows(self, frames: Tensor, windows: int) -> Tensor:
        """Each window's frames out of those of its stretch, shape (windows, ..., frames)."""
        count = self._network.frames(self._geometry.window_samples)
        hops = self._geometry.step_samples / self._network.hop_samples
        starts = [min(round(window * hops), frames.shape[-1] - count) for window in range(windows)]
        return torch.stack([frames[..., start : start + count] for start in starts])


def half_a_window(geometry: Geometry) -> int:
    """How many windows begin within half a window: a stretch of them is one and a half windows long at most.

    Longer stretches are cheaper still, but their features are centred less like those of a window.
    """
    return max(1, geometry.window_samples // 2 // geometry.step_samples)


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
