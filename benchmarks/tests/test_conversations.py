"""The truth of a synthetic conversation is what can be heard in it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from benchmarks.engine.conversations import Scene, conversation
from benchmarks.engine.voices import SAMPLE_RATE_HZ, Utterance, Voice, runs

SAID = Utterance(np.full(2 * SAMPLE_RATE_HZ, 2000, np.int16), np.ones(200, np.bool_))
VOICES = [Voice(f"v{number}", (SAID,)) for number in range(6)]
"""Two seconds of a constant, by six voices: nothing has to be spoken."""


def test_the_truth_says_where_somebody_is_heard() -> None:
    samples, turns = conversation(Scene(seed=1, duration_s=60, speakers=3, overlap=0.3), VOICES)
    heard = np.zeros(len(samples), np.bool_)
    for turn in turns:
        heard[round(turn.start_s * SAMPLE_RATE_HZ) : round(turn.end_s * SAMPLE_RATE_HZ)] = True
    assert np.array_equal(heard, samples != 0)
    assert {turn.speaker for turn in turns} == {"speaker0", "speaker1", "speaker2"}


@pytest.mark.parametrize("duration_s", [0.1, 0.125, 7.03, 301])
def test_a_recording_is_as_long_as_asked(duration_s: float) -> None:
    samples, turns = conversation(Scene(seed=1, duration_s=duration_s, speakers=2), VOICES)
    assert len(samples) == round(duration_s * SAMPLE_RATE_HZ)
    assert all(0 <= turn.start_s < turn.end_s <= duration_s for turn in turns)


def test_equal_scenes_are_equal_and_others_are_not() -> None:
    scene = Scene(seed=1, duration_s=10, speakers=2, noise_db=20, reverberant=True)
    assert np.array_equal(conversation(scene, VOICES)[0], conversation(scene, VOICES)[0])
    assert not np.array_equal(
        conversation(scene, VOICES)[0], conversation(Scene(seed=2, duration_s=10, speakers=2), VOICES)[0]
    )


def test_without_overlap_nobody_speaks_at_once() -> None:
    _, turns = conversation(Scene(seed=1, duration_s=60, speakers=4, overlap=0), VOICES)
    ordered = sorted(turns, key=lambda turn: turn.start_s)
    assert all(before.end_s <= after.start_s for before, after in itertools.pairwise(ordered))


def test_runs_are_found_at_the_edges_too() -> None:
    assert runs(np.array([True, True, False, True])) == [(0, 2), (3, 4)]
