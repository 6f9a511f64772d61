"""The activity is that of pyannote.audio's model and powerset conversion."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from conversation_recording import ConversationRecording
from numpy.typing import NDArray
from pyannote.audio import Model
from pyannote.audio.utils.powerset import Powerset
from sd_engine.diarization.model_loader import DEMO_MODEL
from sd_engine.networks.segmentation import SegmentationNetwork
from sd_engine.samples import SAMPLE_RATE_HZ

WINDOWS, WINDOW_SAMPLES = 6, 4 * SAMPLE_RATE_HZ


@pytest.fixture(scope="module")
def model() -> Any:
    model = Model.from_pretrained(DEMO_MODEL, subfolder="segmentation")
    assert model is not None
    return model.eval()


@pytest.fixture(scope="module")
def windows(conversation: ConversationRecording) -> NDArray[np.float32]:
    integers = np.frombuffer(conversation.excerpt(WINDOWS * 4.0)[44:], "<i2")
    return (integers.astype(np.float32) / np.float32(32768)).reshape(WINDOWS, WINDOW_SAMPLES)


def test_the_activity_is_pyannotes(model: Any, windows: NDArray[np.float32]) -> None:
    powerset = Powerset(len(model.specifications.classes), model.specifications.powerset_max_classes)
    with torch.inference_mode():
        activity = np.stack(SegmentationNetwork(model).segment(list(windows)))
        expected = powerset.to_multilabel(model(torch.from_numpy(windows)[:, None])).numpy()

    assert activity.dtype == np.uint8
    assert activity.any()
    np.testing.assert_array_equal(activity, expected)


def test_bfloat16_changes_few_frames(model: Any, windows: NDArray[np.float32]) -> None:
    with torch.inference_mode():
        exact = np.stack(SegmentationNetwork(model).segment(list(windows)))
        rounded = np.stack(SegmentationNetwork(model, torch.bfloat16).segment(list(windows)))

    assert (exact != rounded).any(axis=2).mean() < 0.01
