"""The networks of exact and fast mode return the outputs of pyannote.audio's own calls."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from conversation_recording import ConversationRecording
from numpy.typing import NDArray
from pyannote.audio import Pipeline
from random_wespeaker import random_wespeaker
from sd_engine.device.inference import EmbeddingInput, NetworkKind, NetworkRunner
from sd_engine.diarization import exact
from sd_engine.diarization.compatibility import incompatibility
from sd_engine.diarization.model_loader import DEMO_MODEL
from sd_engine.samples import Samples

CPU = torch.device("cpu")
DURATION_S = 5.3
"""Five windows, the last of which is padded."""

pytestmark = [
    pytest.mark.filterwarnings("ignore:At least one mel filterbank"),
    pytest.mark.filterwarnings("ignore:An output with one or more elements was resized"),
]


@pytest.fixture(scope="module", params=["x-vector", "ResNet34"])
def pipeline(request: pytest.FixtureRequest) -> Any:
    pipeline: Any = Pipeline.from_pretrained(DEMO_MODEL)
    if request.param == "ResNet34":
        pipeline._embedding.model_ = random_wespeaker()
    assert incompatibility(pipeline) is None
    return pipeline


@pytest.fixture(scope="module")
def samples(conversation: ConversationRecording) -> Samples:
    integers = np.frombuffer(conversation.excerpt(DURATION_S)[44:], "<i2")
    return integers.astype(np.float32) / np.float32(32768)


@pytest.fixture(scope="module")
def stock(pipeline: Any, samples: Samples) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return pyannote.audio's own segmentations and embeddings."""
    file = {"waveform": torch.from_numpy(samples)[None], "sample_rate": 16000, "uri": "sample"}
    segmentations = pipeline.get_segmentations(file)
    exclude_overlap = pipeline.embedding_exclude_overlap
    return segmentations.data, pipeline.get_embeddings(file, segmentations, exclude_overlap=exclude_overlap)


def segment(networks: NetworkRunner, samples: Samples) -> NDArray[np.uint8]:
    windows = range(networks.geometry.windows(len(samples)))
    cut = [networks.geometry.cut(samples, window) for window in windows]
    return np.stack(networks.run(NetworkKind.SEGMENTATION, cut))


def embed(networks: NetworkRunner, samples: Samples, activity: NDArray[np.uint8]) -> NDArray[np.float32]:
    inputs = [EmbeddingInput(samples, window, active) for window, active in enumerate(activity)]
    return np.stack(networks.run(NetworkKind.EMBEDDING, inputs))


def test_segmentation_is_pyannotes(pipeline: Any, samples: Samples, stock: Any) -> None:
    activity = segment(exact.build_networks(pipeline, CPU, fast=False), samples)

    np.testing.assert_array_equal(activity, stock[0])


def test_exact_embeddings_are_pyannotes_also_for_inactive_speakers(pipeline: Any, samples: Samples, stock: Any) -> None:
    segmentations, embeddings = stock
    ours = embed(exact.build_networks(pipeline, CPU, fast=False), samples, segmentations.astype(np.uint8))

    difference = np.linalg.norm(ours - embeddings, axis=2) / np.linalg.norm(embeddings, axis=2)
    assert difference.max() < 1e-5


def test_fast_embeddings_have_the_direction_of_pyannotes(pipeline: Any, samples: Samples, stock: Any) -> None:
    segmentations, embeddings = stock
    ours = embed(exact.build_networks(pipeline, CPU, fast=True), samples, segmentations.astype(np.uint8))

    cosines = (ours * embeddings).sum(2) / np.linalg.norm(ours, axis=2) / np.linalg.norm(embeddings, axis=2)
    assert cosines[segmentations.any(axis=1)].min() > 0.999


@pytest.mark.parametrize(("device", "sizes"), [("cpu", (24, 6)), ("cuda", (64, 64))])
def test_batches_on_a_cpu_grow_with_the_number_of_executors(device: str, sizes: tuple[int, int]) -> None:
    batch_sizes = exact.batch_sizes(torch.device(device), executors=3)

    assert (batch_sizes[NetworkKind.SEGMENTATION], batch_sizes[NetworkKind.EMBEDDING]) == sizes
