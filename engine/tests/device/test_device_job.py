"""Progress of one recording on the device."""

from __future__ import annotations

import numpy as np
from fake_networks import GEOMETRY, SILENT, recording
from sd_engine.device.device_job import DeviceJob
from sd_engine.device.inference import EmbeddingInput, NetworkKind

ACTIVE, INACTIVE = np.ones((4, 2), np.uint8), np.zeros((4, 2), np.uint8)


def test_all_windows_are_segmented_and_those_with_speech_embedded() -> None:
    job = DeviceJob(recording(3), GEOMETRY, SILENT)

    assert job.next_kind is NetworkKind.SEGMENTATION
    assert job.remaining_windows() == (3, 3)
    assert len(job.next_items(NetworkKind.SEGMENTATION, 2)) == 2
    job.record_results(NetworkKind.SEGMENTATION, [ACTIVE, INACTIVE])
    assert job.remaining_windows() == (1, 3)
    job.record_results(NetworkKind.SEGMENTATION, [ACTIVE])

    assert job.next_kind is NetworkKind.EMBEDDING
    assert job.remaining_windows() == (0, 2)
    items = [item for item in job.next_items(NetworkKind.EMBEDDING, 8) if isinstance(item, EmbeddingInput)]
    assert [item.window for item in items] == [0, 2]
    job.record_results(NetworkKind.EMBEDDING, [np.full((2, 3), 7, np.float32)] * 2)

    assert job.next_kind is None
    assert job.outputs().embeddings[:, 0, 0].tolist() == [7, -1, 7]
    assert job.outputs().activity.tolist() == [ACTIVE.tolist(), INACTIVE.tolist(), ACTIVE.tolist()]
