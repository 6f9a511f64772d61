"""Warm-up items have the shape of real batch items."""

from __future__ import annotations

import numpy as np
from fake_networks import GEOMETRY, WINDOW, FakeNetworks
from sd_engine.device.executors import SerialExecutor
from sd_engine.device.inference import EmbeddingInput, NetworkKind, NetworkRunner


def test_warm_up_items_are_full_windows_with_all_speakers_active() -> None:
    networks = FakeNetworks()
    runner = NetworkRunner(GEOMETRY, SerialExecutor(), networks, networks)

    samples = runner.warm_up_item(NetworkKind.SEGMENTATION)
    assert isinstance(samples, np.ndarray)
    assert samples.shape == (WINDOW,)
    item = runner.warm_up_item(NetworkKind.EMBEDDING)
    assert isinstance(item, EmbeddingInput)
    assert item.activity.tolist() == [[1, 1]] * 4
    assert runner.run(NetworkKind.EMBEDDING, [item])[0].shape == (2, 3)
