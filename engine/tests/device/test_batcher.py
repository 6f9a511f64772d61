"""Continuous batching: shared batches, cancellation and the order of completion."""

from __future__ import annotations

from concurrent.futures import CancelledError

import pytest
from fake_networks import SILENT, BlockedBatches, FakeNetworks, RecordedMetrics, recording
from sd_engine.device.batcher import Batcher
from sd_engine.device.inference import NetworkKind


def test_outputs_of_all_windows_are_returned(batcher: Batcher) -> None:
    samples = recording(6)
    samples[55:] = 0  # the last three windows end in silence
    outputs = batcher.submit(samples).result(10)

    assert outputs.activity[:, :, 0].tolist() == [
        [1, 1, 1, 1],
        [1, 1, 1, 1],
        [1, 1, 1, 1],
        [1, 1, 1, 0],
        [1, 1, 0, 0],
        [1, 0, 0, 0],
    ]
    assert outputs.embeddings[:, 0, 0].tolist() == [40, 40, 35, 25, 15, 5]
    assert (outputs.embeddings[:, 1] == SILENT).all()


def test_windows_without_speech_are_not_embedded(batcher: Batcher, networks: FakeNetworks) -> None:
    outputs = batcher.submit(recording(20, value=0.0)).result(10)

    assert {kind for kind, _ in networks.batches} == {NetworkKind.SEGMENTATION}
    assert (outputs.embeddings == SILENT).all()


def test_recordings_in_flight_share_batches(batcher: Batcher, networks: FakeNetworks) -> None:
    blocked = networks.before_batch = BlockedBatches()
    first = batcher.submit(recording(1))  # occupies the device until all are submitted
    assert blocked.started.wait(10)
    others = [batcher.submit(recording(2, value=number)) for number in range(1, 5)]
    blocked.released.set()
    first.result(10)
    outputs = [other.result(10) for other in others]

    assert (NetworkKind.SEGMENTATION, 8) in networks.batches  # four recordings of two windows each
    assert (NetworkKind.EMBEDDING, 4) in networks.batches
    assert [output.embeddings[0, 0, 0] for output in outputs] == [40, 80, 120, 160]


def test_a_cancelled_recording_enters_no_further_batch(
    batcher: Batcher, networks: FakeNetworks, metrics: RecordedMetrics
) -> None:
    blocked = networks.before_batch = BlockedBatches()
    long = batcher.submit(recording(1000))
    assert blocked.started.wait(10)
    assert batcher.pending_s() > 0
    long.cancel()
    blocked.released.set()
    batcher.submit(recording(1)).result(10)

    with pytest.raises(CancelledError):
        long.result(10)
    assert sum(metrics.windows.values()) <= 8 + 2
    assert batcher.pending_s() == 0


def test_a_short_clip_overtakes_a_long_recording(batcher: Batcher, networks: FakeNetworks) -> None:
    blocked = networks.before_batch = BlockedBatches()
    long = batcher.submit(recording(2000))
    assert blocked.started.wait(10)
    short = batcher.submit(recording(2))
    order: list[object] = []
    for future in (long, short):
        future.add_done_callback(order.append)
    blocked.released.set()

    assert short.result(10).embeddings[0, 0, 0] == 40
    assert order[0] is short
    assert long.result(30).embeddings[-1, 0, 0] == 40


def test_the_estimate_grows_with_the_duration(batcher: Batcher) -> None:
    assert batcher.estimate_s(20.0) == pytest.approx(2 * batcher.estimate_s(10.0))
    assert batcher.estimate_s(10.0) > 0
