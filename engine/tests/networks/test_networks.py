"""The networks in our forms say what pyannote's own calls say: exactly, or nearly where that was asked for."""

from __future__ import annotations

import wave
from typing import Any

import numpy as np
import pytest
import torch
from conversation_recording import ConversationRecording
from numpy.typing import NDArray
from pyannote.audio import Pipeline
from pyannote.audio.core.task import Problem, Resolution, Specifications
from pyannote.audio.models.embedding import WeSpeakerResNet34
from sd_engine.device.inference import Kind, Networks, Spoken, geometry_of
from sd_engine.diarization import exact
from sd_engine.diarization.compatibility import obstacle
from sd_engine.diarization.model_loader import DEMO_MODEL
from sd_engine.networks import fbank
from sd_engine.samples import Samples
from torchaudio.compliance import kaldi

CPU = torch.device("cpu")
DURATION_S = 5.3
"""Five windows, the last of them beyond the end."""

NO_PLDA = "The pipeline's PLDA was not read from a directory; only there can a worker find it too."
MULTI_LABEL = Specifications(Problem.MULTI_LABEL_CLASSIFICATION, Resolution.FRAME, duration=4.0, classes=["a", "b"])

pytestmark = [
    pytest.mark.filterwarnings("ignore:At least one mel filterbank"),
    pytest.mark.filterwarnings("ignore:An output with one or more elements was resized"),
]


def wespeaker() -> WeSpeakerResNet34:
    """Random weights, with normalisation that is not the identity."""
    torch.manual_seed(0)
    model = WeSpeakerResNet34().eval()
    for layer in model.modules():
        if isinstance(layer, torch.nn.BatchNorm2d) and layer.running_mean is not None:
            torch.nn.init.normal_(layer.running_mean, 0, 0.1)
            torch.nn.init.uniform_(layer.running_var, 0.5, 1.5)  # pyright: ignore[reportArgumentType]
    return model


@pytest.fixture(scope="module", params=["x-vector", "ResNet34"])
def pipeline(request: pytest.FixtureRequest) -> Any:
    pipeline: Any = Pipeline.from_pretrained(DEMO_MODEL)
    if request.param == "ResNet34":
        pipeline._embedding.model_ = wespeaker()
    assert obstacle(pipeline) is None
    return pipeline


@pytest.fixture(scope="module")
def samples(conversation: ConversationRecording) -> Samples:
    with wave.open(str(conversation.path)) as file:
        integers = np.frombuffer(file.readframes(round(DURATION_S * 16000)), "<i2")
    return integers.astype(np.float32) / np.float32(32768)


@pytest.fixture(scope="module")
def stock(pipeline: Any, samples: Samples) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Pyannote's own segmentations and embeddings."""
    file = {"waveform": torch.from_numpy(samples)[None], "sample_rate": 16000, "uri": "sample"}
    segmentations = pipeline.get_segmentations(file)
    exclude_overlap = pipeline.embedding_exclude_overlap
    return segmentations.data, pipeline.get_embeddings(file, segmentations, exclude_overlap=exclude_overlap)


def activity_of(networks: Networks, samples: Samples) -> NDArray[np.uint8]:
    windows = range(networks.geometry.windows(len(samples)))
    return np.stack(networks.run(Kind.SEGMENTATION, [networks.geometry.cut(samples, window) for window in windows]))


def embeddings_of(networks: Networks, samples: Samples, activity: NDArray[np.uint8]) -> NDArray[np.float32]:
    spoken = [Spoken(samples, window, heard) for window, heard in enumerate(activity)]
    return np.stack(networks.run(Kind.EMBEDDING, spoken))


def test_segmentation_is_pyannotes(pipeline: Any, samples: Samples, stock: Any) -> None:
    activity = activity_of(exact.networks_of(pipeline, CPU, fast=False), samples)

    np.testing.assert_array_equal(activity, stock[0])


def test_exact_embeddings_are_pyannotes(pipeline: Any, samples: Samples, stock: Any) -> None:
    """Also those of speakers who say nothing: pyannote gives them the network's answer to no frame at all."""
    segmentations, embeddings = stock
    ours = embeddings_of(exact.networks_of(pipeline, CPU, fast=False), samples, segmentations.astype(np.uint8))

    difference = np.linalg.norm(ours - embeddings, axis=2) / np.linalg.norm(embeddings, axis=2)
    assert difference.max() < 1e-5


def test_fast_embeddings_point_where_pyannotes_do(pipeline: Any, samples: Samples, stock: Any) -> None:
    segmentations, embeddings = stock
    ours = embeddings_of(exact.networks_of(pipeline, CPU, fast=True), samples, segmentations.astype(np.uint8))

    cosines = (ours * embeddings).sum(2) / np.linalg.norm(ours, axis=2) / np.linalg.norm(embeddings, axis=2)
    assert cosines[segmentations.any(axis=1)].min() > 0.999


def test_the_geometry_is_the_segmentations(pipeline: Any) -> None:
    geometry = geometry_of(pipeline)

    assert (geometry.window_samples, geometry.step_samples) == (64000, 6400)
    assert (geometry.frames, geometry.local_speakers, geometry.dimension) == (234, 3, 256)


@pytest.mark.parametrize("silent_from", [16000, 9000, 0])
def test_log_mel_energies_are_kaldis(silent_from: int) -> None:
    hparams = WeSpeakerResNet34().hparams
    waveform = 0.1 * torch.randn(1, 16000, generator=torch.Generator().manual_seed(1))
    waveform[:, silent_from:] = 0
    expected = kaldi.fbank(
        waveform * (1 << 15), num_mel_bins=80, frame_length=25, frame_shift=10, dither=0.0, window_type="hamming"
    )

    assert fbank.is_usual(hparams)
    torch.testing.assert_close(fbank.Fbank(hparams)(waveform)[0], expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            lambda pipeline: setattr(pipeline._segmentation, "step", 0.40001),
            "its windows do not begin at whole samples",
        ),
        (lambda pipeline: setattr(pipeline, "clustering", object()), "its clustering is object"),
        (
            lambda pipeline: setattr(pipeline, "plda", object()),
            NO_PLDA,
        ),
        (
            lambda pipeline: setattr(pipeline._embedding, "model_", torch.nn.Identity()),
            "its embedding network is a Identity of a kind that is not known",
        ),
        (
            lambda pipeline: setattr(pipeline._segmentation.model, "specifications", MULTI_LABEL),
            "its segmentation does not choose among sets of speakers (powerset)",
        ),
    ],
)
def test_what_is_not_known_is_left_to_pyannote(change: Any, why: str) -> None:
    pipeline: Any = Pipeline.from_pretrained(DEMO_MODEL)
    change(pipeline)

    assert obstacle(pipeline) == why
