"""The steps after the networks return pyannote.audio's output, bit for bit."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from oracle_pipeline import IGNORE_EXPECTED_WARNINGS, OraclePipeline
from pyannote.audio.pipelines.speaker_diarization import DiarizeOutput
from pyannote.core import Annotation
from sd_engine import wire
from sd_engine.diarization.timeline_job import TimelineJob
from sd_engine.errors import InvalidArgumentError
from synthetic_windows import DIMENSION, FRAMES, LOCAL_SPEAKERS, NetworkOutputs, synthesize

pytestmark = IGNORE_EXPECTED_WARNINGS

VBX, AHC, KMEANS = "VBxClustering", "AgglomerativeClustering", "KMeansClustering"
CASES: dict[str, tuple[str, dict[str, Any], dict[str, int]]] = {
    "three speakers": (VBX, {}, {}),
    "six speakers": (VBX, {"speakers": 6, "windows": 150}, {}),
    "one speaker": (VBX, {"speakers": 1}, {}),
    "similar speakers": (VBX, {"speakers": 5, "noise": 1.5, "windows": 150}, {}),
    "more active speakers in a frame than clusters": (VBX, {"speakers": 4, "overlap": 0.8, "noise": 0.1}, {}),
    "much silence": (VBX, {"silence": 0.8}, {}),
    "no silence": (VBX, {"silence": 0.0}, {}),
    "one window": (VBX, {"windows": 1}, {}),
    "two windows": (VBX, {"windows": 2}, {}),
    "no clean embedding": (VBX, {"turn_frames": 12, "windows": 3, "silence": 0.5}, {}),
    "fewer speakers requested than found: K-means": (VBX, {"speakers": 4}, {"num_speakers": 2}),
    "more speakers requested than found: K-means": (VBX, {"speakers": 2}, {"num_speakers": 5}),
    "as many speakers requested as found": (VBX, {}, {"num_speakers": 3}),
    "one speaker requested": (VBX, {}, {"num_speakers": 1}),
    "minimum number of speakers": (VBX, {"speakers": 2}, {"min_speakers": 4}),
    "maximum number of speakers limits the speaker count": (VBX, {"speakers": 4, "overlap": 0.8}, {"max_speakers": 1}),
    "minimum and maximum": (
        VBX,
        {"speakers": 6, "windows": 150},
        {"min_speakers": 2, "max_speakers": 3},
    ),
    "AHC": (AHC, {"windows": 150}, {}),
    "AHC, small clusters are merged into large ones": (AHC, {"speakers": 12, "windows": 150}, {}),
    "AHC, one window": (AHC, {"windows": 1, "speakers": 1}, {}),
    "AHC, one speaker requested": (AHC, {}, {"num_speakers": 1}),
    "AHC, number of speakers requested": (AHC, {"speakers": 4}, {"num_speakers": 2}),
    "AHC, minimum number of speakers": (AHC, {"speakers": 2}, {"min_speakers": 3}),
    "AHC, labels of twelve speakers are sorted as text": (AHC, {"speakers": 12, "windows": 250}, {"num_speakers": 12}),
    "K-means": (KMEANS, {}, {"num_speakers": 3}),
    "K-means, more speakers requested than present": (KMEANS, {"speakers": 2, "overlap": 0.8}, {"num_speakers": 5}),
}


@cache
def pipeline(clustering: str, min_duration_off_s: float = 0.0) -> OraclePipeline:
    return OraclePipeline(clustering, min_duration_off_s=min_duration_off_s)


@cache
def job(clustering: str, min_duration_off_s: float = 0.0) -> TimelineJob:
    return pickle.loads(pickle.dumps(TimelineJob.from_pipeline(pipeline(clustering, min_duration_off_s))))  # noqa: S301 - our own


def tracks(annotation: Annotation) -> list[tuple[float, float, Any, Any]]:
    return [(turn.start, turn.end, track, label) for turn, track, label in annotation.itertracks(yield_label=True)]  # pyright: ignore[reportAssignmentType]


def embeddings_of(output: DiarizeOutput) -> NDArray[Any]:
    assert output.speaker_embeddings is not None
    return output.speaker_embeddings


def assert_equal(output: DiarizeOutput, stock: DiarizeOutput) -> None:
    assert tracks(output.speaker_diarization) == tracks(stock.speaker_diarization)
    assert tracks(output.exclusive_speaker_diarization) == tracks(stock.exclusive_speaker_diarization)
    assert output.speaker_diarization.labels() == stock.speaker_diarization.labels()
    np.testing.assert_array_equal(embeddings_of(output), embeddings_of(stock))


@pytest.mark.parametrize("case", CASES)
def test_the_output_is_pyannotes(case: str) -> None:
    clustering, conversation, arguments = CASES[case]
    for seed in range(3):
        windows = synthesize(seed, **conversation)
        stock = pipeline(clustering).diarize(windows.segmentations, windows.embeddings, **arguments)
        assert_equal(job(clustering).output(windows.segmentations, windows.embeddings, arguments), stock)


def test_short_pauses_are_filled_as_in_pyannote() -> None:
    windows = synthesize(7, silence=0.4, turn_frames=20)
    stock = pipeline(VBX, 0.3).diarize(windows.segmentations, windows.embeddings)
    unfilled = job(VBX).output(windows.segmentations, windows.embeddings, {})

    output = job(VBX, 0.3).output(windows.segmentations, windows.embeddings, {})

    assert_equal(output, stock)
    assert len(tracks(output.speaker_diarization)) < len(tracks(unfilled.speaker_diarization))


def test_embeddings_of_nan_are_ignored() -> None:
    windows = synthesize(3)
    embeddings = windows.embeddings.copy()
    embeddings[~windows.segmentations.any(axis=1)] = np.nan
    embeddings[10:14] = np.nan

    output = job(VBX).output(windows.segmentations, embeddings, {})

    assert_equal(output, pipeline(VBX).diarize(windows.segmentations, embeddings))


def test_a_recording_without_speech_has_an_empty_timeline() -> None:
    silence = NetworkOutputs(
        np.zeros((20, FRAMES, LOCAL_SPEAKERS), np.uint8), np.full((20, LOCAL_SPEAKERS, DIMENSION), np.nan, np.float32)
    )

    output = job(VBX).output(silence.segmentations, silence.embeddings, {"num_speakers": 2})

    assert_equal(output, pipeline(VBX).diarize(silence.segmentations, silence.embeddings, num_speakers=2))
    assert output.speaker_diarization.labels() == []


def test_the_output_of_a_recording_up_to_the_limit_is_not_subsampled() -> None:
    windows = synthesize(2, windows=150)
    unlimited = job(VBX).output(windows.segmentations, windows.embeddings, {})

    at_limit = replace(job(VBX), max_embeddings=20, subsampled_after_s=149 * 0.4)
    over_limit = replace(job(VBX), max_embeddings=20, subsampled_after_s=148 * 0.4)

    assert_equal(at_limit.output(windows.segmentations, windows.embeddings, {}), unlimited)
    subsampled = over_limit.output(windows.segmentations, windows.embeddings, {})
    assert not np.array_equal(embeddings_of(subsampled), embeddings_of(unlimited))


def test_there_are_at_most_as_many_speakers_as_embeddings() -> None:
    windows = synthesize(0, windows=2, speakers=1, silence=0.0)

    output = job(VBX).output(windows.segmentations, windows.embeddings, {"num_speakers": 200})

    assert len(output.speaker_diarization.labels()) == 1


def test_the_job_reads_memfds_and_returns_the_response_document() -> None:
    windows = synthesize(1)
    fds = [wire.write_memory("test", part.tobytes()) for part in (windows.segmentations, windows.embeddings)]
    message = {"shape": [60, FRAMES, LOCAL_SPEAKERS], "dimension": DIMENSION, "bounds": {}, "include": ["embeddings"]}

    response, memory_fd = job(VBX)(message, fds)

    document = json.loads(wire.read_memory(memory_fd))
    stock = pipeline(VBX).diarize(windows.segmentations, windows.embeddings)
    assert (response["num_speakers"], response["segments"]) == (document["num_speakers"], document["total_segments"])
    assert response["clustering_s"] > 0
    assert document["speakers"] == stock.speaker_diarization.labels()
    assert len(document["segments"]) == len(tracks(stock.speaker_diarization))
    assert list(document["embeddings"].values()) == embeddings_of(stock).tolist()


def test_kmeans_needs_the_number_of_speakers() -> None:
    windows = synthesize(1)

    with pytest.raises(InvalidArgumentError, match="send it in NUM_SPEAKERS"):
        job(KMEANS).output(windows.segmentations, windows.embeddings, {"max_speakers": 3})
