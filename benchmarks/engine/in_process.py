"""The engine's batcher without an engine around it: what the networks say about a WAV file."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from sd_engine.device.batcher import Batcher
from sd_engine.device.device_job import Networked
from sd_engine.device.inference import Kind
from sd_engine.diarization import exact
from sd_engine.diarization.model_loader import Model
from sd_engine.samples import Samples


class Unwatched:
    """Nobody looks at the device here."""

    def record_batch(self, kind: Kind, windows: int, duration_s: float, cpu_s: float) -> None: ...

    def record_device_demand(self, duration_s: float) -> None: ...

    def record_out_of_memory(self, kind: Kind, batch_size: int) -> None: ...


class InProcess:
    """A loaded pipeline's networks in one mode."""

    def __init__(self, model: Model, *, fast: bool) -> None:
        self.networks = exact.networks_of(model.pipeline, model.device, fast=fast)
        sizes = exact.batch_sizes(model.device, self.networks.lanes.count)
        self._batcher = Batcher(self.networks, sizes, Unwatched())
        self._batcher.start()

    def networked(self, wav: Path) -> Networked:
        """Activity and embeddings of all windows."""
        return self._batcher.submit(samples_of(wav)).result()


def samples_of(wav: Path) -> Samples:
    """16 kHz mono, 16 bit."""
    with wave.open(str(wav)) as reader:
        integers = np.frombuffer(reader.readframes(reader.getnframes()), "<i2")
    return integers.astype(np.float32) / np.float32(32768)
