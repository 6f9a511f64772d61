"""The engine's batcher without the engine: the networks' outputs for a WAV file."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from sd_engine.device.batcher import Batcher
from sd_engine.device.device_job import NetworkOutputs
from sd_engine.device.inference import NetworkKind
from sd_engine.diarization import exact
from sd_engine.diarization.model_loader import Model
from sd_engine.samples import Samples


class NoMetrics:
    """Ignores the device's measurements."""

    def record_batch(self, kind: NetworkKind, windows: int, duration_s: float, cpu_s: float) -> None: ...

    def record_device_demand(self, duration_s: float) -> None: ...

    def record_out_of_memory(self, kind: NetworkKind, batch_size: int) -> None: ...


class InProcess:
    """The networks of a loaded pipeline in one mode."""

    def __init__(self, model: Model, *, fast: bool) -> None:
        self.networks = exact.build_networks(model.pipeline, model.device, fast=fast)
        sizes = exact.batch_sizes(model.device, self.networks.executors.count)
        self._batcher = Batcher(self.networks, sizes, NoMetrics())
        self._batcher.start()

    def outputs(self, wav: Path) -> NetworkOutputs:
        """Return activity and embeddings of all windows."""
        return self._batcher.submit(read_samples(wav)).result()


def read_samples(wav: Path) -> Samples:
    """Read a WAV file of 16 kHz, mono, 16 bit."""
    with wave.open(str(wav)) as reader:
        integers = np.frombuffer(reader.readframes(reader.getnframes()), "<i2")
    return integers.astype(np.float32) / np.float32(32768)
