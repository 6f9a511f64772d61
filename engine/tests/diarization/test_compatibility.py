"""Pipelines that exact and fast mode do not support are recognised, with the reason."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from pyannote.audio import Pipeline
from pyannote.audio.core.task import Problem, Resolution, Specifications
from sd_engine.diarization.compatibility import incompatibility
from sd_engine.diarization.model_loader import DEMO_MODEL

NO_PLDA = "The pipeline's PLDA was not loaded from a directory, so worker processes cannot load it."
MULTI_LABEL = Specifications(Problem.MULTI_LABEL_CLASSIFICATION, Resolution.FRAME, duration=4.0, classes=["a", "b"])

pytestmark = pytest.mark.filterwarnings("ignore:At least one mel filterbank")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda _pipeline: None, None),
        (
            lambda pipeline: setattr(pipeline._segmentation, "step", 0.40001),
            "the window step is not a whole number of samples",
        ),
        (lambda pipeline: setattr(pipeline, "clustering", object()), "the clustering is object"),
        (lambda pipeline: setattr(pipeline, "plda", object()), NO_PLDA),
        (
            lambda pipeline: setattr(pipeline._embedding, "model_", torch.nn.Identity()),
            "the embedding network has the unsupported architecture Identity",
        ),
        (
            lambda pipeline: setattr(pipeline._segmentation.model, "specifications", MULTI_LABEL),
            "the segmentation network is not a powerset classifier of frames",
        ),
        (lambda pipeline: setattr(pipeline, "_preprocessors", {"audio": object()}), "the pipeline has preprocessors"),
    ],
)
def test_the_reason_is_the_first_unsupported_part(change: Any, reason: str | None) -> None:
    pipeline: Any = Pipeline.from_pretrained(DEMO_MODEL)
    change(pipeline)

    assert incompatibility(pipeline) == reason


def test_another_pipeline_class_is_not_supported() -> None:
    assert incompatibility(object()) == "the pipeline is a object, not a SpeakerDiarization"
