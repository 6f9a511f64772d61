"""One recording's way over the device: its windows are segmented, then those in which somebody speaks are embedded."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sd_engine.device.inference import Embeddings, Kind, Spoken, Unit
from sd_engine.networks.geometry import Geometry
from sd_engine.networks.segmentation import Activity
from sd_engine.samples import Samples


@dataclass(frozen=True, slots=True)
class Networked:
    """What the networks say about a recording: activity (windows, frames, speakers), embeddings (…, dimension)."""

    activity: Activity
    embeddings: Embeddings
    device_s: float
    """The device's time that it took."""


@dataclass(slots=True, eq=False)
class Work:
    """A recording on the device. `done` may be cancelled at any time before it is answered."""

    samples: Samples
    geometry: Geometry
    silent: NDArray[np.float32]
    """The embedding of a speaker who says nothing, shape (dimension,)."""
    done: Future[Networked] = field(default_factory=Future)
    last_served: float = field(default_factory=time.monotonic)
    device_s: float = 0.0
    """Its share of the device's time so far."""
    activity: Activity = field(init=False)
    embeddings: Embeddings = field(init=False)
    _next_window: int = 0
    _to_embed: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        shape = self.geometry.windows(len(self.samples)), self.geometry.frames, self.geometry.local_speakers
        self.activity = np.zeros(shape, np.uint8)
        self.embeddings = np.broadcast_to(self.silent, (shape[0], shape[2], len(self.silent))).copy()

    @property
    def kind(self) -> Kind | None:
        """What it needs next; None = nothing more."""
        if self._next_window < len(self.activity):
            return Kind.SEGMENTATION
        return Kind.EMBEDDING if self._to_embed else None

    def left(self) -> tuple[int, int]:
        """How many windows are still to be segmented, and how many, at most, to be embedded."""
        to_segment = len(self.activity) - self._next_window
        if to_segment:
            return to_segment, len(self.activity)
        return 0, len(self._to_embed)

    def units(self, kind: Kind, most: int) -> list[Unit]:
        """The next ones that the device should compute, at most so many."""
        if kind is Kind.EMBEDDING:
            return [Spoken(self.samples, window, self.activity[window]) for window in self._to_embed[:most]]
        stop = min(self._next_window + most, len(self.activity))
        return [self.geometry.cut(self.samples, window) for window in range(self._next_window, stop)]

    def note(self, kind: Kind, results: Sequence[NDArray[Any]]) -> None:
        """What the device made of the next units."""
        if kind is Kind.EMBEDDING:
            self._embedded(results)
        else:
            self._segmented(results)

    def answer(self) -> Networked:
        """What the networks said, when there is nothing left to do."""
        return Networked(self.activity, self.embeddings, self.device_s)

    def _segmented(self, results: Sequence[NDArray[Any]]) -> None:
        stop = self._next_window + len(results)
        self.activity[self._next_window : stop] = results
        self._next_window = stop
        if stop == len(self.activity):
            spoken = self.activity.max(axis=(1, 2))
            self._to_embed = np.flatnonzero(spoken).tolist()

    def _embedded(self, results: Sequence[NDArray[Any]]) -> None:
        self.embeddings[self._to_embed[: len(results)]] = results
        del self._to_embed[: len(results)]
