"""Timelines: read, written, and as RTTM."""

from __future__ import annotations

import json

import pytest
from sd_client import AnswerError, Segment, Timeline
from sd_client.rttm import to_rttm
from v2_stand_in import TIMELINE

EXTRAS = {
    **TIMELINE,
    "exclusive_segments": [{"start_time": 0.5, "end_time": 3.0, "duration": 2.5, "speaker": "SPEAKER_00"}],
    "embeddings": {"SPEAKER_00": [0.25, -1], "SPEAKER_01": [0.5, 1.5]},
}


@pytest.mark.parametrize("document", [TIMELINE, EXTRAS])
def test_what_is_read_is_written_again(document: dict[str, object]) -> None:
    assert json.loads(Timeline.from_json(json.dumps(document)).to_json()) == document


def test_what_was_not_asked_for_is_none() -> None:
    timeline = Timeline.from_json(json.dumps(TIMELINE))
    assert timeline.exclusive_segments is None
    assert timeline.embeddings is None


def test_extras_are_read() -> None:
    timeline = Timeline.from_json(json.dumps(EXTRAS))
    assert timeline.exclusive_segments == (Segment(0.5, 3.0, "SPEAKER_00"),)
    assert timeline.embeddings == {"SPEAKER_00": (0.25, -1.0), "SPEAKER_01": (0.5, 1.5)}


def test_talk_time_counts_both_where_two_talk_at_once() -> None:
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
def test_what_is_no_timeline_is_said_so(text: str) -> None:
    with pytest.raises(AnswerError, match="answer is not a timeline"):
        Timeline.from_json(text)


def test_rttm_has_one_line_per_segment() -> None:
    assert to_rttm(Timeline.from_json(json.dumps(TIMELINE)), "board meeting") == (
        "SPEAKER board_meeting 1 0.500 2.750 <NA> <NA> SPEAKER_00 <NA> <NA>\n"
        "SPEAKER board_meeting 1 3.000 58.500 <NA> <NA> SPEAKER_01 <NA> <NA>\n"
        "SPEAKER board_meeting 1 62.000 1.500 <NA> <NA> SPEAKER_00 <NA> <NA>\n"
    )
