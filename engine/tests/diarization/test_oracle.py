"""The engine's timelines are those of pyannote.audio, segment by segment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conversation_recording import ConversationRecording
from sd_engine.diarization.model_loader import DEMO_MODEL
from sd_harness.engine.engine_process import EngineProcess

STOCK = Path(__file__).parents[1] / "stock_pyannote.py"
OPTIONS: dict[int, dict[str, Any]] = {0: {}, 2: {"num_speakers": 2}}
"""Options by requested number of speakers; 0 = not requested."""
DURATION_S = {0: 3600, 2: 30}
"""Seconds of the conversation; a request for fewer speakers than found takes minutes on all of it."""


@pytest.fixture(scope="module")
def recordings(conversation: ConversationRecording, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    directory = tmp_path_factory.mktemp("oracle")
    paths = {count: directory / f"{count}.wav" for count in OPTIONS}
    for count, path in paths.items():
        path.write_bytes(conversation.excerpt(DURATION_S[count]))
    return paths


@pytest.fixture(scope="module")
def stock(recordings: dict[int, Path]) -> dict[int, dict[str, Any]]:
    """Return pyannote.audio's results from a process of its own."""
    arguments = [str(word) for count, path in recordings.items() for word in (path, count)]
    argv = [sys.executable, str(STOCK), str(DEMO_MODEL), *arguments]
    environment = os.environ | {"HF_HUB_OFFLINE": "1"}
    lines = subprocess.run(argv, env=environment, capture_output=True, check=True, text=True).stdout.splitlines()
    return dict(zip(OPTIONS, map(json.loads, lines), strict=True))


@pytest.fixture(scope="module")
def results(engine: EngineProcess, recordings: dict[int, Path]) -> dict[int, dict[str, Any]]:
    """Return the engine's results, requested through its socket."""
    include = ["exclusive", "embeddings"]
    with engine.adapter() as adapter:
        return {
            count: adapter.diarize(path.read_bytes(), include=include, **OPTIONS[count])
            for count, path in recordings.items()
        }


def rows(segments: list[dict[str, Any]]) -> list[list[object]]:
    return [[segment["start_time"], segment["end_time"], segment["speaker"]] for segment in segments]


@pytest.mark.parametrize("count", OPTIONS)
def test_segments_and_embeddings_are_pyannotes(
    stock: dict[int, dict[str, Any]], results: dict[int, dict[str, Any]], count: int
) -> None:
    assert rows(results[count]["segments"]) == stock[count]["segments"]
    assert rows(results[count]["exclusive_segments"]) == stock[count]["exclusive_segments"]
    vectors = list(results[count]["embeddings"].values())
    # Components near zero differ by float32 rounding of those near ten, which depends on the CPU's instructions.
    np.testing.assert_allclose(vectors, stock[count]["embeddings"], rtol=1e-5, atol=1e-6)


def test_counts_and_labels_agree_with_the_segments(results: dict[int, dict[str, Any]]) -> None:
    for count, speakers in ((0, ["SPEAKER_00", "SPEAKER_01", "SPEAKER_02"]), (2, ["SPEAKER_00", "SPEAKER_01"])):
        result = results[count]
        assert result["speakers"] == speakers
        assert result["num_speakers"] == len(speakers)
        assert result["total_segments"] == len(result["segments"])
        assert {segment["speaker"] for segment in result["segments"]} == set(speakers)


def test_each_true_speaker_has_one_label(
    results: dict[int, dict[str, Any]], conversation: ConversationRecording
) -> None:
    """Nine tenths of the labelled time of each true speaker have one label, and no two of them share a label."""
    shared_s: dict[str, Counter[str]] = {turn.speaker: Counter() for turn in conversation.turns}
    for turn in conversation.turns:
        for segment in results[0]["segments"]:
            overlap_s = min(turn.end_s, segment["end_time"]) - max(turn.start_s, segment["start_time"])
            shared_s[turn.speaker][segment["speaker"]] += max(0.0, overlap_s)  # pyright: ignore[reportArgumentType]

    labels = {speaker: label for speaker, times in shared_s.items() for label, _ in times.most_common(1)}
    assert len(set(labels.values())) == 3
    for speaker, times in shared_s.items():
        assert times[labels[speaker]] / times.total() > 0.9
