"""Timelines: parsing and JSON."""

from __future__ import annotations

import json

import pytest
from fake_http_service import TIMELINE
from sd_client import InvalidResponseError, Segment, Timeline

ADDITIONAL = {
    **TIMELINE,
    "exclusive_segments": [{"start_time": 0.5, "end_time": 3.0, "duration": 2.5, "speaker": "SPEAKER_00"}],
    "embeddings": {"SPEAKER_00": [0.25, -1], "SPEAKER_01": [0.5, 1.5]},
}


@pytest.mark.parametrize("document", [TIMELINE, ADDITIONAL])
def test_a_parsed_timeline_gives_the_same_json(document: dict[str, object]) -> None:
    assert json.loads(Timeline.from_json(json.dumps(document)).to_json()) == document


def test_results_that_were_not_requested_are_none() -> None:
    timeline = Timeline.from_json(json.dumps(TIMELINE))
    assert timeline.exclusive_segments is None
    assert timeline.embeddings is None


def test_additional_results_are_parsed() -> None:
    timeline = Timeline.from_json(json.dumps(ADDITIONAL))
    assert timeline.exclusive_segments == (Segment(0.5, 3.0, "SPEAKER_00"),)
    assert timeline.embeddings == {"SPEAKER_00": (0.25, -1.0), "SPEAKER_01": (0.5, 1.5)}


def test_overlapping_speech_counts_for_each_speaker() -> None:
    assert Timeline.from_json(json.dumps(TIMELINE)).talk_time_s == {"SPEAKER_00": 4.25, "SPEAKER_01": 58.5}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html>",
        "[]",
        "null",
        "{}",
        '{"speakers": [], "segments": [{}]}',
        '{"speakers": [], "segments": 3}',
        '{"speakers": [], "segments": [{"start_time": "a", "end_time": 1, "speaker": "S"}]}',
        '{"speakers": [], "segments": [], "embeddings": []}',
    ],
)
def test_a_text_that_is_not_a_timeline_is_rejected(text: str) -> None:
    with pytest.raises(InvalidResponseError, match="response is not a timeline"):
        Timeline.from_json(text)
