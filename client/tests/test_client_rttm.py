"""RTTM, the text format of scoring tools."""

from __future__ import annotations

import json

from fake_http_service import TIMELINE
from sd_client import Timeline
from sd_client.rttm import to_rttm


def test_rttm_has_one_line_per_segment() -> None:
    assert to_rttm(Timeline.from_json(json.dumps(TIMELINE)), "board meeting") == (
        "SPEAKER board_meeting 1 0.500 2.750 <NA> <NA> SPEAKER_00 <NA> <NA>\n"
        "SPEAKER board_meeting 1 3.000 58.500 <NA> <NA> SPEAKER_01 <NA> <NA>\n"
        "SPEAKER board_meeting 1 62.000 1.500 <NA> <NA> SPEAKER_00 <NA> <NA>\n"
    )
