"""Compatibility of a pyannote.audio pipeline with exact and fast mode; other pipelines run in reference mode."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyannote.audio.core.task import Resolution
from pyannote.audio.pipelines import SpeakerDiarization
from pyannote.audio.pipelines.clustering import AgglomerativeClustering, VBxClustering
from pyannote.audio.pipelines.speaker_verification import PyannoteAudioPretrainedSpeakerEmbedding

from sd_engine.diarization.clustering import Clustering
from sd_engine.networks import embedding as embedding_networks
from sd_engine.samples import SAMPLE_RATE_HZ

Rule = Callable[[Any], str | None]


def incompatibility(pipeline: Any) -> str | None:  # noqa: ANN401 - any pipeline that pyannote.audio can load
    """Return the reason why the pipeline needs reference mode; None if exact and fast mode support it."""
    return next((reason for rule in _RULES if (reason := rule(pipeline))), None)


def _pipeline(pipeline: Any) -> str | None:  # noqa: ANN401
    if type(pipeline) is not SpeakerDiarization:
        return f"the pipeline is a {type(pipeline).__name__}, not a SpeakerDiarization"
    return "the pipeline has preprocessors" if getattr(pipeline, "_preprocessors", None) else None


def _segmentation(pipeline: Any) -> str | None:  # noqa: ANN401
    model = pipeline._segmentation.model  # noqa: SLF001
    specifications = model.specifications
    if (
        isinstance(specifications, tuple)
        or not specifications.powerset
        or specifications.resolution != Resolution.FRAME
    ):
        return "the segmentation network is not a powerset classifier of frames"
    return _sample_rate("segmentation", model.audio.sample_rate)


def _windows(pipeline: Any) -> str | None:  # noqa: ANN401
    step_samples = pipeline._segmentation.step * SAMPLE_RATE_HZ  # noqa: SLF001
    if abs(step_samples - round(step_samples)) > _ROUNDING:
        return "the window step is not a whole number of samples"
    return None


def _clustering(pipeline: Any) -> str | None:  # noqa: ANN401
    if type(pipeline.clustering) not in (AgglomerativeClustering, VBxClustering):
        return f"the clustering is {type(pipeline.clustering).__name__}"
    try:
        Clustering.from_pipeline(pipeline)
    except ValueError as error:
        return str(error)
    return None


def _embedding(pipeline: Any) -> str | None:  # noqa: ANN401
    embedding = pipeline._embedding  # noqa: SLF001
    if type(embedding) is not PyannoteAudioPretrainedSpeakerEmbedding:
        return f"the embeddings come from a {type(embedding).__name__}"
    if embedding_networks.split(embedding.model_) is None:
        return f"the embedding network has the unsupported architecture {type(embedding.model_).__name__}"
    return _sample_rate("embedding", embedding.sample_rate)


def _sample_rate(network: str, rate_hz: int) -> str | None:
    return None if rate_hz == SAMPLE_RATE_HZ else f"the {network} network needs audio of {rate_hz} Hz"


_ROUNDING = 1e-6
_RULES: list[Rule] = [
    _pipeline,  # the other rules read attributes of this class
    _segmentation,
    _windows,
    _clustering,  # a pipeline without clustering has no embedding either
    _embedding,
]
