"""What the device runs: a pipeline's two networks, window by window (exact) or with one trunk for many (fast).

The batcher hands over units of work and knows nothing of networks:
- a window to be segmented gives (frames, speakers) of 0 and 1;
- a stretch of windows to be embedded gives (windows, speakers, dimension).
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

from sd_engine.embedding_networks import EmbeddingNetwork
from sd_engine.geometry import Geometry, Samples, padded
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
    """Embeds stretches; how many windows one should have is its own choice."""

    silent: NDArray[np.float32]
    """The embedding of a speaker who says nothing, shape (dimension,)."""

    def stretch_windows(self, windows: int) -> int:
        """How many windows a stretch of a recording with so many windows should have."""
        ...

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
        size = self._embedder.stretch_windows(windows)
        return [range(start, min(start + size, windows)) for start in range(0, windows, size)]

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


class ExactEmbedder:
    """Each window through the trunk once, as in pyannote, where it goes through once for each of its speakers."""

    def __init__(self, network: EmbeddingNetwork, heads: Heads, geometry: Geometry, device: torch.device) -> None:
        self._network = network
        self.silent = heads.silent
        self._heads = heads
        self._geometry = geometry
        self._device = device

    def stretch_windows(self, windows: int) -> int:
        del windows
        return 1

    def embed(self, stretches: Sequence[Stretch]) -> Sequence[Embeddings]:
        waveforms = np.stack([self._geometry.cut(stretch.samples, stretch.windows) for stretch in stretches])
        frames = self._network.trunk(torch.from_numpy(waveforms).to(self._device))
        embeddings = self._heads(frames, np.concatenate([stretch.activity for stretch in stretches]))
        return list(embeddings[:, None])


class FastEmbedder:
    """One trunk over a whole stretch, in whose frames each window looks for its own: nine tenths less to compute.

    Approximate: at a window's edges the trunk sees the recording and not silence, and features are centred around each
    frame and not within each window.
    """

    def __init__(
        self, network: EmbeddingNetwork, heads: Heads, geometry: Geometry, device: torch.device, *, lanes: int
    ) -> None:
        self._network = network
        self.silent = heads.silent
        self._heads = heads
        self._geometry = geometry
        self._device = device
        self._lanes = lanes

    def stretch_windows(self, windows: int) -> int:
        """As long as pays (its edges are computed twice), but short recordings are shared among the lanes."""
        most = max(1, STRETCH_S * self._geometry.sample_rate_hz // self._geometry.step_samples)
        return min(most, -(-windows // self._lanes))

    def embed(self, stretches: Sequence[Stretch]) -> Sequence[Embeddings]:
        return [self._embed(stretch) for stretch in stretches]

    def _embed(self, stretch: Stretch) -> Embeddings:
        geometry, network = self._geometry, self._network
        hop = network.hop_samples
        start = geometry.start(stretch.windows.start) // hop * hop
        stop = geometry.start(stretch.windows.stop - 1) + geometry.window_samples
        # A recording's own beginning and its last window's end are edges in the exact mode too.
        end = geometry.start(geometry.windows(len(stretch.samples)) - 1) + geometry.window_samples
        before, behind = min(network.context_samples, start), min(network.context_samples, end - stop)
        around = geometry.window_samples // 2 // hop * hop if network.centering_samples else 0
        left, right = min(around, start - before), min(around, end - stop - behind)
        waveform = padded(stretch.samples, start - before - left, stop + behind + right)
        frames = network.long_trunk(
            torch.from_numpy(waveform).to(self._device),
            left=left,
            right=right,
            window_samples=geometry.window_samples,
        )
        parts = [
            self._heads(
                self._of_windows(frames, stretch.windows[first : first + AT_ONCE], start - before),
                stretch.activity[first : first + AT_ONCE],
            )
            for first in range(0, len(stretch.windows), AT_ONCE)
        ]
        return np.concatenate(parts)

    def _of_windows(self, frames: Tensor, windows: range, first_sample: int) -> Tensor:
        """Each window's frames out of those of the stretch, shape (windows, ..., frames)."""
        count = self._network.frames(self._geometry.window_samples)
        starts = [
            round((self._geometry.start(window) - first_sample) / self._network.hop_samples) for window in windows
        ]
        last = frames.shape[-1] - count
        return torch.stack([frames[..., min(start, last) :][..., :count] for start in starts])


STRETCH_S = 40
AT_ONCE = 16
"""Windows whose frames are copied out of their stretch at one time: bounds the memory."""


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
