"""The engine's timeline is pyannote.audio's own, segment by segment."""

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
ASKED: dict[int, dict[str, Any]] = {0: {}, 2: {"num_speakers": 2}}
"""By the number of speakers asked for; 0 = find out."""
DURATION_S = {0: 3600, 2: 30}
"""How much of the conversation: two out of three voices are asked for in its beginning only, to save minutes."""


@pytest.fixture(scope="module")
def recordings(conversation: ConversationRecording, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    directory = tmp_path_factory.mktemp("oracle")
    paths = {count: directory / f"{count}.wav" for count in ASKED}
    for count, path in paths.items():
        path.write_bytes(conversation.excerpt(DURATION_S[count]))
    return paths


@pytest.fixture(scope="module")
def stock(recordings: dict[int, Path]) -> dict[int, dict[str, Any]]:
    """What pyannote.audio answers in a plain Python process."""
    questions = [str(word) for count, path in recordings.items() for word in (path, count)]
    argv = [sys.executable, str(STOCK), str(DEMO_MODEL), *questions]
    environment = os.environ | {"HF_HUB_OFFLINE": "1"}
    lines = subprocess.run(argv, env=environment, capture_output=True, check=True, text=True).stdout.splitlines()
    return dict(zip(ASKED, map(json.loads, lines), strict=True))


@pytest.fixture(scope="module")
def answers(engine: EngineProcess, recordings: dict[int, Path]) -> dict[int, dict[str, Any]]:
    """What the engine answers through its socket."""
    include = ["exclusive", "embeddings"]
    with engine.adapter() as adapter:
        return {
            count: adapter.diarize(path.read_bytes(), include=include, **ASKED[count])
            for count, path in recordings.items()
        }


def rows(segments: list[dict[str, Any]]) -> list[list[object]]:
    return [[segment["start_time"], segment["end_time"], segment["speaker"]] for segment in segments]


@pytest.mark.parametrize("count", ASKED)
def test_every_segment_is_stock_pyannotes(
    stock: dict[int, dict[str, Any]], answers: dict[int, dict[str, Any]], count: int
) -> None:
    assert rows(answers[count]["segments"]) == stock[count]["segments"]
    assert rows(answers[count]["exclusive_segments"]) == stock[count]["exclusive_segments"]
    vectors = list(answers[count]["embeddings"].values())
    np.testing.assert_allclose(vectors, stock[count]["embeddings"], rtol=1e-5)


def test_the_summary_agrees_with_the_segments(answers: dict[int, dict[str, Any]]) -> None:
    for count, speakers in ((0, ["SPEAKER_00", "SPEAKER_01", "SPEAKER_02"]), (2, ["SPEAKER_00", "SPEAKER_01"])):
        answer = answers[count]
        assert answer["speakers"] == speakers
        assert answer["num_speakers"] == len(speakers)
        assert answer["total_segments"] == len(answer["segments"])
        assert {segment["speaker"] for segment in answer["segments"]} == set(speakers)


def test_each_voice_of_the_conversation_is_one_speaker(
    answers: dict[int, dict[str, Any]], conversation: ConversationRecording
) -> None:
    """Of each voice's time that anybody is found in, nine tenths go to one label, and no two voices share it."""
    shared_s: dict[str, Counter[str]] = {turn.speaker: Counter() for turn in conversation.turns}
    for turn in conversation.turns:
        for segment in answers[0]["segments"]:
            overlap_s = min(turn.end_s, segment["end_time"]) - max(turn.start_s, segment["start_time"])
            shared_s[turn.speaker][segment["speaker"]] += max(0.0, overlap_s)  # pyright: ignore[reportArgumentType]

    labels = {voice: label for voice, found in shared_s.items() for label, _ in found.most_common(1)}
    assert len(set(labels.values())) == 3
    for voice, found in shared_s.items():
        assert found[labels[voice]] / found.total() > 0.9
