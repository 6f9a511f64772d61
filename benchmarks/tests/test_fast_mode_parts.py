"""Error rate and embedding distances of fast mode."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from benchmarks.engine.compare import Timeline
from benchmarks.engine.parts.fast import der_percent
from benchmarks.engine.parts.speakers import distances
from benchmarks.engine.recordings.conversations import Turn
from benchmarks.engine.recordings.corpus import Recording

TURNS = (Turn("a", 0.0, 4.0), Turn("b", 5.0, 9.0), Turn("a", 8.0, 10.0))
RECORDING = Recording("a recording", Path("never-read.wav"), 10.0, turns=TURNS)


@pytest.mark.parametrize(
    ("last_end_s", "error_percent"),
    [(10.0, 0.0), (9.0, 10.0)],  # of ten seconds of speech including one second of overlap
)
def test_missed_speech_in_overlap_counts(last_end_s: float, error_percent: float) -> None:
    timeline = Timeline([(0.0, 4.0, "SPEAKER_01"), (5.0, 9.0, "SPEAKER_00"), (8.0, last_end_s, "SPEAKER_01")])
    assert der_percent([RECORDING], [timeline]) == pytest.approx(error_percent)


def test_distances_between_modes_and_between_speakers_are_averaged() -> None:
    near = {"a": {"exact": [2.0, 0.0], "fast": [3.0, 4.0]}, "b": {"exact": [0.0, 5.0], "fast": [0.0, 1.0]}}
    alone = {"c": {"exact": [1.0, 1.0], "fast": [2.0, 2.0]}}

    cosine, between_modes, between_speakers, count = distances([near, alone])

    assert (cosine, count) == (pytest.approx((0.6 + 1 + 1) / 3), 3)
    assert between_modes == pytest.approx(math.sqrt(0.4**2 + 0.8**2) / 3)
    assert between_speakers == pytest.approx(math.sqrt(2))
