"""Fixtures of the device's tests: a batcher with fake networks."""

from __future__ import annotations

import pytest
from fake_networks import GEOMETRY, FakeNetworks, RecordedMetrics
from sd_engine.device.batcher import Batcher
from sd_engine.device.executors import SerialExecutor
from sd_engine.device.inference import NetworkKind, NetworkRunner


@pytest.fixture
def networks() -> FakeNetworks:
    return FakeNetworks()


@pytest.fixture
def metrics() -> RecordedMetrics:
    return RecordedMetrics()


@pytest.fixture
def batch_sizes() -> dict[NetworkKind, int]:
    return {NetworkKind.SEGMENTATION: 8, NetworkKind.EMBEDDING: 4}


@pytest.fixture
def batcher(networks: FakeNetworks, batch_sizes: dict[NetworkKind, int], metrics: RecordedMetrics) -> Batcher:
    runner = NetworkRunner(GEOMETRY, SerialExecutor(), networks, networks)
    batcher = Batcher(runner, batch_sizes, metrics)
    batcher.start()
    networks.batches.clear()
    return batcher
