"""How far `fast` strays: by error rate, and by the embeddings of the same speakers."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from benchmarks.engine.compare import Timeline
from benchmarks.engine.conversations import Turn
from benchmarks.engine.corpus import Recording
from benchmarks.engine.part_fast import der_percent
from benchmarks.engine.part_speakers import gates

TURNS = (Turn("a", 0.0, 4.0), Turn("b", 5.0, 9.0), Turn("a", 8.0, 10.0))
RECORDING = Recording("a recording", Path("never-read.wav"), 10.0, turns=TURNS)


@pytest.mark.parametrize(
    ("last_end_s", "error_percent"),
    [(10.0, 0.0), (9.0, 10.0)],  # of ten seconds of speech, two of them at once
)
def test_missed_speech_counts_also_where_two_speak_at_once(last_end_s: float, error_percent: float) -> None:
    found = Timeline([(0.0, 4.0, "SPEAKER_01"), (5.0, 9.0, "SPEAKER_00"), (8.0, last_end_s, "SPEAKER_01")])
    assert der_percent([RECORDING], [found]) == pytest.approx(error_percent)


def test_the_gates_compare_each_speaker_with_itself_and_with_the_others() -> None:
    near = {"a": {"exact": [2.0, 0.0], "fast": [3.0, 4.0]}, "b": {"exact": [0.0, 5.0], "fast": [0.0, 1.0]}}
    alone = {"c": {"exact": [1.0, 1.0], "fast": [2.0, 2.0]}}

    cosine, distance, apart, count = gates([near, alone])

    assert (cosine, count) == (pytest.approx((0.6 + 1 + 1) / 3), 3)
    assert distance == pytest.approx(math.sqrt(0.4**2 + 0.8**2) / 3)
    assert apart == pytest.approx(math.sqrt(2))
