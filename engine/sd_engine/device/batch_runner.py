"""Execution of batches: measures throughput, halves the batch size when memory runs out, isolates failing jobs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

from sd_engine.device import device
from sd_engine.device.device_job import DeviceJob
from sd_engine.device.inference import BatchItem, NetworkKind, NetworkRunner
from sd_engine.device.throughput import Throughput
from sd_engine.errors import UnavailableError

TOO_LITTLE_MEMORY = "The device has too little memory for one window of a recording. Give the engine more memory."
WARM_UP_BATCHES = 2


class DeviceMetrics(Protocol):
    """Receives the device's measurements."""

    def record_batch(self, kind: NetworkKind, windows: int, duration_s: float, cpu_s: float) -> None: ...

    def record_device_demand(self, duration_s: float) -> None: ...

    def record_out_of_memory(self, kind: NetworkKind, batch_size: int) -> None: ...


@dataclass(frozen=True, slots=True)
class BatchPart:
    """One job's items in a batch."""

    job: DeviceJob
    items: list[BatchItem]


class BatchRunner:
    """Runs batches and stores their results in the jobs."""

    def __init__(self, networks: NetworkRunner, batch_sizes: dict[NetworkKind, int], metrics: DeviceMetrics) -> None:
        self.throughput = Throughput()
        self.batch_sizes = batch_sizes
        """Items in a full batch. Halved when the device runs out of memory and never raised again."""
        self._networks = networks
        self._metrics = metrics

    def warm_up(self) -> None:
        """Run full batches of noise and take the last duration as the first estimate of the throughput.

        Raises:
            RuntimeError: the device cannot run a batch of one item.
        """
        for kind in NetworkKind:
            batches = 0
            while batches < WARM_UP_BATCHES:  # the first batch of a network is slower than all others
                batches += self._ran_warm_up_batch(kind)

    def run(self, kind: NetworkKind, batch: list[BatchPart]) -> dict[DeviceJob, Exception]:
        """Run a batch and return the jobs that failed.

        After an out-of-memory error the items stay in their jobs and enter the next, smaller batches.
        """
        started, started_cpu_s = time.monotonic(), self._networks.executors.cpu_s()
        try:
            results = iter(self._networks.run(kind, [item for part in batch for item in part.items]))
        except Exception as error:  # noqa: BLE001 - a network may raise any error for one recording
            device.exit_if_lost(error)
            return self._handle_error(kind, batch, error)
        self._record(kind, batch, time.monotonic() - started, self._networks.executors.cpu_s() - started_cpu_s)
        for part in batch:
            part.job.record_results(kind, [next(results) for _ in part.items])
        return {}

    def _ran_warm_up_batch(self, kind: NetworkKind) -> bool:
        """Return False if the batch did not fit into memory; the next one is smaller."""
        batch = [self._networks.warm_up_item(kind)] * self.batch_sizes[kind]
        started = time.monotonic()
        try:
            self._networks.run(kind, batch)
        except (RuntimeError, MemoryError) as error:
            if not (device.is_out_of_memory(error) and self._halve_batch_size(kind, len(batch))):
                raise
            return False
        self.throughput.reset(kind)
        self.throughput.record(kind, len(batch), time.monotonic() - started)
        return True

    def _record(self, kind: NetworkKind, batch: list[BatchPart], duration_s: float, cpu_s: float) -> None:
        windows = sum(len(part.items) for part in batch)
        self.throughput.record(kind, windows, duration_s)
        self._metrics.record_batch(kind, windows, duration_s, cpu_s)
        now = time.monotonic()
        for part in batch:
            part.job.last_served_at = now
            part.job.device_s += duration_s * len(part.items) / windows

    def _handle_error(self, kind: NetworkKind, batch: list[BatchPart], error: Exception) -> dict[DeviceJob, Exception]:
        if device.is_out_of_memory(error):
            if self._halve_batch_size(kind, sum(len(part.items) for part in batch)):
                return {}
            return {batch[0].job: UnavailableError(TOO_LITTLE_MEMORY)}
        if len(batch) == 1:
            return {batch[0].job: error}
        # One job may have caused the error: run each of them alone.
        failed: dict[DeviceJob, Exception] = {}
        for part in batch:
            failed |= self.run(kind, [part])
        return failed

    def _halve_batch_size(self, kind: NetworkKind, size: int) -> bool:
        """Return False if the batch that failed had one item only."""
        device.release_cached_memory()
        self._metrics.record_out_of_memory(kind, size)
        self.batch_sizes[kind] = min(self.batch_sizes[kind], max(1, size // 2))
        return size > 1
