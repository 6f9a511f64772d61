"""How far `fast` strays: by error rate, and by the embeddings of the speakers who share most time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.engine.compare import Timeline
from benchmarks.engine.conversations import Turn
from benchmarks.engine.corpus import Recording
from benchmarks.engine.part_fast import der_percent, same_speakers

TURNS = (Turn("a", 0.0, 4.0), Turn("b", 5.0, 9.0), Turn("a", 8.0, 10.0))
RECORDING = Recording("a recording", Path("never-read.wav"), 10.0, turns=TURNS)


@pytest.mark.parametrize(
    ("last_end_s", "error_percent"),
    [(10.0, 0.0), (9.0, 10.0)],  # of ten seconds of speech, two of them at once
)
def test_missed_speech_counts_also_where_two_speak_at_once(last_end_s: float, error_percent: float) -> None:
    found = Timeline([(0.0, 4.0, "SPEAKER_01"), (5.0, 9.0, "SPEAKER_00"), (8.0, last_end_s, "SPEAKER_01")])
    assert der_percent([RECORDING], [found]) == pytest.approx(error_percent)


def test_speakers_are_paired_by_the_time_they_share() -> None:
    first = Timeline([(0, 4, "A"), (5, 9, "B")], embeddings={"A": [1.0, 0.0], "B": [0.0, 2.0], "C": [None, None]})
    other = Timeline([(0, 4.5, "X"), (5, 9, "Y")], embeddings={"X": [3.0, 0.0], "Y": [0.0, 1.0]})
    pairs = same_speakers(first, other)
    assert [list(np.round(one @ two, 6).ravel()) for one, two in pairs] == [[1.0], [1.0]]
