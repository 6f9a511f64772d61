"""The text table, character by character."""

from __future__ import annotations

import json

import pytest
from fake_http_service import TIMELINE
from sd_client import Timeline
from sd_client.table import PLAIN, TableStyle, clock, render

MEETING = Timeline.from_json(json.dumps(TIMELINE))
SILENCE = Timeline(speakers=(), segments=())

PLAIN_TABLE = """\
meeting.wav (1.9 MiB)
2 speakers, 3 segments, speech between 0:00.50 and 1:03.50

       start         end     length   speaker
     0:00.50     0:03.25     2.75 s   SPEAKER_00
     0:03.00     1:01.50    58.50 s   SPEAKER_01
     1:02.00     1:03.50     1.50 s   SPEAKER_00

       talks       share   segments   speaker
     0:04.25          7%          2   SPEAKER_00
     0:58.50         93%          1   SPEAKER_01
"""

BAR_TABLE = """\
meeting.wav
2 speakers, 3 segments, speech between 0:00.50 and 1:03.50

       start         end     length   speaker
     0:00.50     0:03.25     2.75 s   SPEAKER_00  ━
     0:03.00     1:01.50    58.50 s   SPEAKER_01  ━━━━━━━━━━━━━━━━━━━
     1:02.00     1:03.50     1.50 s   SPEAKER_00                     ━

       talks       share   segments   speaker
     0:04.25          7%          2   SPEAKER_00  ━
     0:58.50         93%          1   SPEAKER_01  ━━━━━━━━━━━━━━━━━━━
"""


def test_a_plain_table() -> None:
    assert render(MEETING, "meeting.wav (1.9 MiB)", PLAIN) == PLAIN_TABLE


def test_bars_show_the_position_of_each_segment() -> None:
    assert render(MEETING, "meeting.wav", TableStyle(bar_columns=20)) == BAR_TABLE


def test_each_speaker_has_a_colour() -> None:
    lines = render(MEETING, "meeting.wav", TableStyle(colour=True)).splitlines()
    assert lines[4].endswith("   \033[36mSPEAKER_00\033[0m")
    assert lines[5].endswith("   \033[33mSPEAKER_01\033[0m")
    assert lines[6].endswith("   \033[36mSPEAKER_00\033[0m")


def test_a_recording_without_speech_has_no_table() -> None:
    assert render(SILENCE, "hum.wav") == "hum.wav\nNobody speaks in this recording.\n"


@pytest.mark.parametrize(("columns", "bar_columns"), [(40, 0), (59, 0), (60, 10), (80, 30), (300, 60)])
def test_bars_fill_the_rest_of_the_terminal(columns: int, bar_columns: int) -> None:
    assert TableStyle.for_terminal(columns, colour=False).bar_columns == bar_columns


def test_no_line_is_wider_than_the_terminal() -> None:
    lines = render(MEETING, "meeting.wav", TableStyle.for_terminal(80, colour=False)).splitlines()
    assert max(len(line) for line in lines) <= 80


@pytest.mark.parametrize(
    ("time_s", "text"),
    [(0, "0:00.00"), (59.996, "1:00.00"), (61.5, "1:01.50"), (3599.99, "59:59.99"), (3661.25, "1:01:01.25")],
)
def test_times_are_formatted_as_a_clock(time_s: float, text: str) -> None:
    assert clock(time_s) == text
