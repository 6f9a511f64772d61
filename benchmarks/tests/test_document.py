"""What counts as an answer that keeps the contract."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.engine.document import fault, sentence_fault

SEGMENT = {"start_time": 0.5, "end_time": 2.0, "duration": 1.5, "speaker": "SPEAKER_00"}
GOOD: dict[str, Any] = {"total_segments": 1, "num_speakers": 1, "speakers": ["SPEAKER_00"], "segments": [SEGMENT]}


@pytest.mark.parametrize("document", [GOOD, {"total_segments": 0, "num_speakers": 0, "speakers": [], "segments": []}])
def test_a_whole_document_has_no_fault(document: dict[str, Any]) -> None:
    assert fault(document) == ""


@pytest.mark.parametrize(
    "change",
    [
        {"segments": None},
        {"total_segments": 2},
        {"num_speakers": 0},
        {"speakers": ["SPEAKER_01"]},
        {"more": 1},
        {"segments": [SEGMENT | {"duration": 1.0}]},
        {"segments": [SEGMENT | {"start_time": float("nan")}]},
        {"segments": [SEGMENT | {"speaker": "SPEAKER_01"}]},
        {"total_segments": 2, "segments": [SEGMENT, SEGMENT | {"start_time": 0.0, "duration": 2.0}]},
    ],
)
def test_each_fault_of_a_document_is_seen(change: dict[str, Any]) -> None:
    assert fault(GOOD | change) != ""


@pytest.mark.parametrize(
    "text", ["", None, "error", "ValueError('x')", "the file is bad.", "Bad thing\nTraceback (most."]
)
def test_what_no_person_could_act_on_is_no_sentence(text: object) -> None:
    assert sentence_fault(text) != ""


def test_a_sentence_is_a_sentence() -> None:
    assert sentence_fault("The recording holds no audio; send WAV, FLAC or MP3.") == ""
