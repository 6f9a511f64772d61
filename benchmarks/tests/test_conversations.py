"""The reference turns of a synthetic conversation match its samples."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from benchmarks.engine.recordings.conversations import Scene, conversation
from benchmarks.engine.recordings.voices import SAMPLE_RATE_HZ, Utterance, Voice, runs

UTTERANCE = Utterance(np.full(2 * SAMPLE_RATE_HZ, 2000, np.int16), np.ones(200, np.bool_))
VOICES = [Voice(f"v{number}", (UTTERANCE,)) for number in range(6)]
"""Six voices with two seconds of constant samples, which need no speech synthesis."""


def test_reference_turns_cover_all_samples_with_speech() -> None:
    samples, turns = conversation(Scene(seed=1, duration_s=60, speakers=3, overlap=0.3), VOICES)
    active = np.zeros(len(samples), np.bool_)
    for turn in turns:
        active[round(turn.start_s * SAMPLE_RATE_HZ) : round(turn.end_s * SAMPLE_RATE_HZ)] = True
    assert np.array_equal(active, samples != 0)
    assert {turn.speaker for turn in turns} == {"speaker0", "speaker1", "speaker2"}


@pytest.mark.parametrize("duration_s", [0.1, 0.125, 7.03, 301])
def test_a_recording_has_the_requested_duration(duration_s: float) -> None:
    samples, turns = conversation(Scene(seed=1, duration_s=duration_s, speakers=2), VOICES)
    assert len(samples) == round(duration_s * SAMPLE_RATE_HZ)
    assert all(0 <= turn.start_s < turn.end_s <= duration_s for turn in turns)


def test_equal_scenes_have_equal_samples() -> None:
    scene = Scene(seed=1, duration_s=10, speakers=2, noise_db=20, reverberant=True)
    assert np.array_equal(conversation(scene, VOICES)[0], conversation(scene, VOICES)[0])
    assert not np.array_equal(
        conversation(scene, VOICES)[0], conversation(Scene(seed=2, duration_s=10, speakers=2), VOICES)[0]
    )


def test_without_overlap_turns_do_not_overlap() -> None:
    _, turns = conversation(Scene(seed=1, duration_s=60, speakers=4, overlap=0), VOICES)
    ordered = sorted(turns, key=lambda turn: turn.start_s)
    assert all(before.end_s <= after.start_s for before, after in itertools.pairwise(ordered))


def test_runs_at_the_edges_are_found() -> None:
    assert runs(np.array([True, True, False, True])) == [(0, 2), (3, 4)]
