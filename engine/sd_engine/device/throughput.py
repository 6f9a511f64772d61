"""Measured throughput of the device: seconds per window for each network."""

from __future__ import annotations

from sd_engine.device.device_job import DeviceJob
from sd_engine.device.inference import NetworkKind

_WEIGHT_OF_NEWEST = 0.1


class Throughput:
    """Moving averages over batches."""

    def __init__(self) -> None:
        self.seconds_per_window: dict[NetworkKind, float] = {}

    def record(self, kind: NetworkKind, windows: int, duration_s: float) -> None:
        """Record the duration of a batch; the first batch of a network is its first estimate."""
        measured_s = duration_s / windows
        average_s = self.seconds_per_window.get(kind, measured_s)
        self.seconds_per_window[kind] = average_s + _WEIGHT_OF_NEWEST * (measured_s - average_s)

    def reset(self, kind: NetworkKind) -> None:
        """Discard the measurements of one network."""
        self.seconds_per_window.pop(kind, None)

    def remaining_s(self, job: DeviceJob) -> float:
        """Return an upper bound of the device time that a job still needs."""
        to_segment, to_embed = job.remaining_windows()
        seconds = self.seconds_per_window
        return to_segment * seconds[NetworkKind.SEGMENTATION] + to_embed * seconds[NetworkKind.EMBEDDING]
