"""Moving averages of the device's throughput."""

from __future__ import annotations

import pytest
from fake_networks import GEOMETRY, SILENT, recording
from sd_engine.device.device_job import DeviceJob
from sd_engine.device.inference import NetworkKind
from sd_engine.device.throughput import Throughput


def test_the_first_batch_is_the_first_estimate_and_later_ones_are_averaged() -> None:
    throughput = Throughput()

    throughput.record(NetworkKind.SEGMENTATION, windows=4, duration_s=2.0)
    assert throughput.seconds_per_window[NetworkKind.SEGMENTATION] == 0.5
    throughput.record(NetworkKind.SEGMENTATION, windows=1, duration_s=1.5)
    assert throughput.seconds_per_window[NetworkKind.SEGMENTATION] == pytest.approx(0.6)
    throughput.reset(NetworkKind.SEGMENTATION)
    throughput.record(NetworkKind.SEGMENTATION, windows=1, duration_s=3.0)
    assert throughput.seconds_per_window[NetworkKind.SEGMENTATION] == 3.0


def test_remaining_time_counts_both_networks() -> None:
    throughput = Throughput()
    throughput.record(NetworkKind.SEGMENTATION, windows=1, duration_s=1.0)
    throughput.record(NetworkKind.EMBEDDING, windows=1, duration_s=10.0)

    assert throughput.remaining_s(DeviceJob(recording(3), GEOMETRY, SILENT)) == 33.0
