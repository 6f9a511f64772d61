"""Validation of response documents and error messages."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.engine.document import document_error, message_error

SEGMENT = {"start_time": 0.5, "end_time": 2.0, "duration": 1.5, "speaker": "SPEAKER_00"}
VALID: dict[str, Any] = {"total_segments": 1, "num_speakers": 1, "speakers": ["SPEAKER_00"], "segments": [SEGMENT]}


@pytest.mark.parametrize("document", [VALID, {"total_segments": 0, "num_speakers": 0, "speakers": [], "segments": []}])
def test_a_valid_document_has_no_error(document: dict[str, Any]) -> None:
    assert document_error(document) == ""


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
def test_each_error_of_a_document_is_found(change: dict[str, Any]) -> None:
    assert document_error(VALID | change) != ""


@pytest.mark.parametrize(
    "text", ["", None, "error", "ValueError('x')", "the file is bad.", "Bad thing\nTraceback (most."]
)
def test_messages_that_are_not_sentences_are_rejected(text: object) -> None:
    assert message_error(text) != ""


def test_a_sentence_is_accepted() -> None:
    assert message_error("The recording holds no audio; send WAV, FLAC or MP3.") == ""
