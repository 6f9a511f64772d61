"""Networks whose outputs are known: sums of a window's samples."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sd_engine.device.inference import EmbeddingInput, NetworkKind
from sd_engine.networks.geometry import Geometry
from sd_engine.samples import Samples

WINDOW, STEP = 40, 10
GEOMETRY = Geometry(
    sample_rate_hz=16000, window_samples=WINDOW, step_samples=STEP, frames=4, local_speakers=2, dimension=3
)
SILENT = np.full(3, -1, np.float32)
FAILING = 666.0
"""The value of samples for which the embedding network raises an error."""


class FakeNetworks:
    """A segmenter and an embedder that record the size of each batch."""

    silent_embedding = SILENT

    def __init__(self) -> None:
        self.batches: list[tuple[NetworkKind, int]] = []
        self.error: Exception = RuntimeError("A layer rejected these samples.")
        self.before_batch: Callable[[NetworkKind, int], None] = lambda _kind, _size: None

    def segment(self, windows: Sequence[Samples]) -> list[Any]:
        """Return activity in which the first speaker is active in frames with non-zero samples."""
        self._record(NetworkKind.SEGMENTATION, len(windows))
        active = [window.reshape(4, -1).any(axis=1) for window in windows]
        return [np.stack([frames, np.zeros(4)], axis=1).astype(np.uint8) for frames in active]

    def embed(self, inputs: Sequence[EmbeddingInput]) -> list[Any]:
        self._record(NetworkKind.EMBEDDING, len(inputs))
        return [self._embedding(window) for window in inputs]

    def _embedding(self, window: EmbeddingInput) -> Any:
        if (window.samples == FAILING).any():
            raise self.error
        samples = GEOMETRY.cut(window.samples, window.window)
        return np.stack([np.full(3, samples.sum(), np.float32), SILENT])

    def _record(self, kind: NetworkKind, size: int) -> None:
        self.before_batch(kind, size)
        self.batches.append((kind, size))


class BlockedBatches:
    """A `before_batch` hook that blocks all batches until they are released."""

    def __init__(self) -> None:
        self.started = threading.Event()
        """Set once a batch has started."""
        self.released = threading.Event()

    def __call__(self, _kind: NetworkKind, _size: int) -> None:
        self.started.set()
        assert self.released.wait(10)


class RecordedMetrics:
    """Records the device's measurements."""

    def __init__(self) -> None:
        self.windows = dict.fromkeys(NetworkKind, 0)
        self.out_of_memory_sizes: list[int] = []

    def record_batch(self, kind: NetworkKind, windows: int, duration_s: float, cpu_s: float) -> None:
        assert duration_s >= 0
        assert cpu_s >= 0
        self.windows[kind] += windows

    def record_device_demand(self, duration_s: float) -> None:
        assert duration_s > 0

    def record_out_of_memory(self, kind: NetworkKind, batch_size: int) -> None:
        del kind
        self.out_of_memory_sizes.append(batch_size)


def recording(windows: int, value: float = 1.0) -> Samples:
    """Return constant samples that fill this many windows."""
    return np.full(WINDOW + (windows - 1) * STEP, value, np.float32)
