"""Whether a pyannote pipeline is one that the engine's own forms can stand in for; others run as pyannote runs them."""

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

Obstacle = Callable[[Any], str | None]


def obstacle(pipeline: Any) -> str | None:  # noqa: ANN401 - whatever pyannote has loaded
    """Why the pipeline must run in reference mode, in words; None = it need not."""
    return next((why for rule in _RULES if (why := rule(pipeline))), None)


def _pipeline(pipeline: Any) -> str | None:  # noqa: ANN401
    if type(pipeline) is not SpeakerDiarization:
        return f"it is a {type(pipeline).__name__}, not pyannote's SpeakerDiarization"
    return "it has preprocessors of its own" if getattr(pipeline, "_preprocessors", None) else None


def _segmentation(pipeline: Any) -> str | None:  # noqa: ANN401
    model = pipeline._segmentation.model  # noqa: SLF001
    specifications = model.specifications
    if (
        isinstance(specifications, tuple)
        or not specifications.powerset
        or specifications.resolution != Resolution.FRAME
    ):
        return "its segmentation does not choose among sets of speakers (powerset)"
    return _sample_rate("segmentation", model.audio.sample_rate)


def _windows(pipeline: Any) -> str | None:  # noqa: ANN401
    step_samples = pipeline._segmentation.step * SAMPLE_RATE_HZ  # noqa: SLF001
    if abs(step_samples - round(step_samples)) > _ROUNDING:
        return "its windows do not begin at whole samples"
    return None


def _embedding(pipeline: Any) -> str | None:  # noqa: ANN401
    embedding = pipeline._embedding  # noqa: SLF001
    if type(embedding) is not PyannoteAudioPretrainedSpeakerEmbedding:
        return f"its embeddings come from a {type(embedding).__name__}"
    if embedding_networks.known(embedding.model_) is None:
        return f"its embedding network is a {type(embedding.model_).__name__} of a kind that is not known"
    return _sample_rate("embedding", embedding.sample_rate)


def _clustering(pipeline: Any) -> str | None:  # noqa: ANN401
    if type(pipeline.clustering) not in (AgglomerativeClustering, VBxClustering):
        return f"its clustering is {type(pipeline.clustering).__name__}"
    try:
        Clustering.of(pipeline)
    except ValueError as error:
        return str(error)
    return None


def _sample_rate(network: str, rate_hz: int) -> str | None:
    return None if rate_hz == SAMPLE_RATE_HZ else f"its {network} network wants {rate_hz} Hz"


_ROUNDING = 1e-6
_RULES: list[Obstacle] = [
    _pipeline,  # the next rules look into it
    _segmentation,
    _windows,
    _clustering,  # before the embedding: without one to do there is none
    _embedding,
]
