"""One recording's work for the device: segment all of its windows, then embed those that contain speech."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sd_engine.device.inference import BatchItem, EmbeddingInput, Embeddings, NetworkKind
from sd_engine.networks.geometry import Geometry
from sd_engine.networks.segmentation import Activity
from sd_engine.samples import Samples


@dataclass(frozen=True, slots=True)
class NetworkOutputs:
    """Outputs of both networks for one recording.

    Shapes: activity (windows, frames, local speakers), embeddings (windows, local speakers, dimension).
    """

    activity: Activity
    embeddings: Embeddings
    device_s: float
    """Device time used for this recording."""


@dataclass(slots=True, eq=False)
class DeviceJob:
    """The progress of one recording on the device. `future` may be cancelled until its result is set."""

    samples: Samples
    geometry: Geometry
    silent_embedding: NDArray[np.float32]
    """Embedding of a local speaker without an active frame, shape (dimension,)."""
    future: Future[NetworkOutputs] = field(default_factory=Future)
    last_served_at: float = field(default_factory=time.monotonic)
    device_s: float = 0.0
    """This recording's share of the device time so far."""
    activity: Activity = field(init=False)
    embeddings: Embeddings = field(init=False)
    _segmented: int = 0
    _to_embed: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        windows = self.geometry.windows(len(self.samples))
        speakers = self.geometry.local_speakers
        self.activity = np.zeros((windows, self.geometry.frames, speakers), np.uint8)
        shape = (windows, speakers, len(self.silent_embedding))
        self.embeddings = np.broadcast_to(self.silent_embedding, shape).copy()

    @property
    def next_kind(self) -> NetworkKind | None:
        """The network that the recording needs next; None if it is finished."""
        if self._segmented < len(self.activity):
            return NetworkKind.SEGMENTATION
        return NetworkKind.EMBEDDING if self._to_embed else None

    def remaining_windows(self) -> tuple[int, int]:
        """Return the number of windows still to segment, and an upper bound of those still to embed."""
        to_segment = len(self.activity) - self._segmented
        if to_segment:
            return to_segment, len(self.activity)
        return 0, len(self._to_embed)

    def next_items(self, kind: NetworkKind, limit: int) -> list[BatchItem]:
        """Return the next windows for a network, at most `limit`."""
        if kind is NetworkKind.EMBEDDING:
            return [EmbeddingInput(self.samples, window, self.activity[window]) for window in self._to_embed[:limit]]
        stop = min(self._segmented + limit, len(self.activity))
        return [self.geometry.cut(self.samples, window) for window in range(self._segmented, stop)]

    def record_results(self, kind: NetworkKind, results: Sequence[NDArray[Any]]) -> None:
        """Store the network's results for the windows that `next_items` returned."""
        if kind is NetworkKind.EMBEDDING:
            self._record_embeddings(results)
        else:
            self._record_activity(results)

    def outputs(self) -> NetworkOutputs:
        """Return the outputs of a finished job."""
        return NetworkOutputs(self.activity, self.embeddings, self.device_s)

    def _record_activity(self, results: Sequence[NDArray[Any]]) -> None:
        stop = self._segmented + len(results)
        self.activity[self._segmented : stop] = results
        self._segmented = stop
        if stop == len(self.activity):
            self._to_embed = np.flatnonzero(self.activity.any(axis=(1, 2))).tolist()

    def _record_embeddings(self, results: Sequence[NDArray[Any]]) -> None:
        self.embeddings[self._to_embed[: len(results)]] = results
        del self._to_embed[: len(results)]
