"""The steps after the networks give pyannote's own answer, to the last bit."""

from __future__ import annotations

import json
import pickle
from functools import cache
from typing import Any

import numpy as np
import pytest
from oracle_pipeline import EXPECTED, GivenPipeline
from pyannote.audio.pipelines.speaker_diarization import DiarizeOutput
from pyannote.core import Annotation
from sd_engine import wire
from sd_engine.diarization.timeline_job import TimelineJob
from sd_engine.errors import InvalidArgumentError
from windows import DIMENSION, FRAMES, SPEAKERS, Windows, conversation

pytestmark = EXPECTED

VBX, AHC, KMEANS = "VBxClustering", "AgglomerativeClustering", "KMeansClustering"
CASES: dict[str, tuple[str, dict[str, Any], dict[str, int]]] = {
    "three voices": (VBX, {}, {}),
    "six voices": (VBX, {"voices": 6, "windows": 150}, {}),
    "one voice": (VBX, {"voices": 1}, {}),
    "voices hard to tell apart": (VBX, {"voices": 5, "noise": 1.5, "windows": 150}, {}),
    "much overlap: more speak at once than are known": (VBX, {"voices": 4, "overlap": 0.8, "noise": 0.1}, {}),
    "much silence": (VBX, {"silence": 0.8}, {}),
    "never silent": (VBX, {"silence": 0.0}, {}),
    "one window": (VBX, {"windows": 1}, {}),
    "two windows": (VBX, {"windows": 2}, {}),
    "nobody long enough for an embedding": (VBX, {"turn_frames": 12, "windows": 3, "silence": 0.5}, {}),
    "fewer asked for than found: K-means": (VBX, {"voices": 4}, {"num_speakers": 2}),
    "more asked for than found: K-means": (VBX, {"voices": 2}, {"num_speakers": 5}),
    "as many asked for as found": (VBX, {}, {"num_speakers": 3}),
    "one asked for": (VBX, {}, {"num_speakers": 1}),
    "at least": (VBX, {"voices": 2}, {"min_speakers": 4}),
    "at most caps who speaks at once": (VBX, {"voices": 4, "overlap": 0.8}, {"max_speakers": 1}),
    "between": (VBX, {"voices": 6, "windows": 150}, {"min_speakers": 2, "max_speakers": 3}),
    "AHC": (AHC, {"windows": 150}, {}),
    "AHC, small clusters join large ones": (AHC, {"voices": 12, "windows": 150}, {}),
    "AHC, one window": (AHC, {"windows": 1, "voices": 1}, {}),
    "AHC, one asked for": (AHC, {}, {"num_speakers": 1}),
    "AHC, number asked for": (AHC, {"voices": 4}, {"num_speakers": 2}),
    "AHC, at least": (AHC, {"voices": 2}, {"min_speakers": 3}),
    "AHC, twelve voices sort as text": (AHC, {"voices": 12, "windows": 250}, {"num_speakers": 12}),
    "K-means": (KMEANS, {}, {"num_speakers": 3}),
    "K-means, more than voices": (KMEANS, {"voices": 2, "overlap": 0.8}, {"num_speakers": 5}),
}


@cache
def pipeline(clustering: str, min_duration_off_s: float = 0.0) -> GivenPipeline:
    return GivenPipeline(clustering, min_duration_off_s=min_duration_off_s)


@cache
def job(clustering: str, min_duration_off_s: float = 0.0) -> TimelineJob:
    return pickle.loads(pickle.dumps(TimelineJob.of(pipeline(clustering, min_duration_off_s))))  # noqa: S301 - our own


def tracks(annotation: Annotation) -> list[tuple[float, float, Any, Any]]:
    return [(turn.start, turn.end, track, label) for turn, track, label in annotation.itertracks(yield_label=True)]  # pyright: ignore[reportAssignmentType]


def assert_same(answer: DiarizeOutput, stock: DiarizeOutput) -> None:
    assert tracks(answer.speaker_diarization) == tracks(stock.speaker_diarization)
    assert tracks(answer.exclusive_speaker_diarization) == tracks(stock.exclusive_speaker_diarization)
    assert answer.speaker_diarization.labels() == stock.speaker_diarization.labels()
    assert answer.speaker_embeddings is not None
    assert stock.speaker_embeddings is not None
    np.testing.assert_array_equal(answer.speaker_embeddings, stock.speaker_embeddings)


@pytest.mark.parametrize("case", CASES)
def test_the_answer_is_stock_pyannotes(case: str) -> None:
    clustering, heard, asked = CASES[case]
    for seed in range(3):
        windows = conversation(seed, **heard)
        stock = pipeline(clustering).answer(windows.segmentations, windows.embeddings, **asked)
        assert_same(job(clustering).output(windows.segmentations, windows.embeddings, asked), stock)


def test_short_pauses_are_filled_as_stock_pyannote_does() -> None:
    windows = conversation(7, silence=0.4, turn_frames=20)
    stock = pipeline(VBX, 0.3).answer(windows.segmentations, windows.embeddings)
    unfilled = job(VBX).output(windows.segmentations, windows.embeddings, {})

    answer = job(VBX, 0.3).output(windows.segmentations, windows.embeddings, {})

    assert_same(answer, stock)
    assert len(tracks(answer.speaker_diarization)) < len(tracks(unfilled.speaker_diarization))


def test_embeddings_that_are_no_numbers_are_left_out() -> None:
    windows = conversation(3)
    embeddings = windows.embeddings.copy()
    embeddings[~windows.segmentations.any(axis=1)] = np.nan
    embeddings[10:14] = np.nan

    answer = job(VBX).output(windows.segmentations, embeddings, {})

    assert_same(answer, pipeline(VBX).answer(windows.segmentations, embeddings))


def test_silence_is_an_empty_timeline() -> None:
    silence = Windows(
        np.zeros((20, FRAMES, SPEAKERS), np.uint8), np.full((20, SPEAKERS, DIMENSION), np.nan, np.float32)
    )

    answer = job(VBX).output(silence.segmentations, silence.embeddings, {"num_speakers": 2})

    assert_same(answer, pipeline(VBX).answer(silence.segmentations, silence.embeddings, num_speakers=2))
    assert answer.speaker_diarization.labels() == []


def test_more_speakers_asked_for_than_there_are_embeddings_gives_fewer() -> None:
    windows = conversation(0, windows=2, voices=1, silence=0.0)

    answer = job(VBX).output(windows.segmentations, windows.embeddings, {"num_speakers": 200})

    assert len(answer.speaker_diarization.labels()) == 1


def test_the_job_reads_memfds_and_answers_with_the_contracts_json() -> None:
    windows = conversation(1)
    fds = [wire.write_memory("test", part.tobytes()) for part in (windows.segmentations, windows.embeddings)]
    question = {"shape": [60, FRAMES, SPEAKERS], "dimension": DIMENSION, "bounds": {}, "include": ["embeddings"]}

    answer, memory_fd = job(VBX)(question, fds)

    built = json.loads(wire.read_memory(memory_fd))
    stock = pipeline(VBX).answer(windows.segmentations, windows.embeddings)
    assert (answer["speakers"], answer["segments"]) == (built["num_speakers"], built["total_segments"])
    assert answer["clustering_s"] > 0
    assert built["speakers"] == stock.speaker_diarization.labels()
    assert len(built["segments"]) == len(tracks(stock.speaker_diarization))
    assert stock.speaker_embeddings is not None
    assert list(built["embeddings"].values()) == stock.speaker_embeddings.tolist()


def test_kmeans_must_be_told_the_number_of_speakers() -> None:
    windows = conversation(1)

    with pytest.raises(InvalidArgumentError, match="ask with num_speakers"):
        job(KMEANS).output(windows.segmentations, windows.embeddings, {"max_speakers": 3})
