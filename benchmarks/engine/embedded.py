"""`python -m benchmarks.engine.embedded PIPELINE QUESTIONS ANSWERS`: true speakers' embeddings, exact and fast.

QUESTIONS is a JSON list of `{"wav", "turns": [[start_s, end_s, speaker], …]}`. ANSWERS gets, for each, the embedding of
each true speaker in both modes: `{speaker: {"exact": […], "fast": […]}}`. The engine's own batcher runs the networks;
who spoke is taken from the truth, so that what clustering makes of it does not matter.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sd_engine.diarization import model_loader
from sd_engine.networks.geometry import Geometry

from benchmarks.engine.in_process import InProcess

LEAST_ALONE = 0.2
"""The share of a window in which a speaker must be alone: pyannote clusters by such windows only."""
LEAST_TRUE = 0.9
"""The share of a slot's frames in which the truth must agree about who speaks."""

Truth = dict[str, NDArray[np.bool_]]
"""For each speaker, who speaks in each frame of each window, shape (windows, frames)."""


def main() -> None:
    pipeline, questions, answers = map(Path, sys.argv[1:])
    loaded = model_loader.load(pipeline, "cpu")
    modes = {name: InProcess(loaded, fast=name == "fast") for name in ("exact", "fast")}
    found = [_speakers(modes, **question) for question in json.loads(questions.read_text())]
    answers.write_text(json.dumps(found))


def _speakers(modes: dict[str, InProcess], wav: str, turns: list[tuple[float, float, str]]) -> dict[str, Any]:
    networked = {name: mode.networked(Path(wav)) for name, mode in modes.items()}
    activity, geometry = networked["exact"].activity, modes["exact"].networks.geometry
    slots = {speaker: _slots(activity, heard) for speaker, heard in _truth(geometry, len(activity), turns).items()}
    return {
        speaker: {name: of_mode.embeddings[chosen].mean(axis=0).tolist() for name, of_mode in networked.items()}
        for speaker, chosen in slots.items()
        if chosen.any()
    }


def _truth(geometry: Geometry, windows: int, turns: list[tuple[float, float, str]]) -> Truth:
    frame_s = geometry.window_samples / geometry.frames / geometry.sample_rate_hz
    starts_s = np.arange(windows)[:, None] * geometry.step_samples / geometry.sample_rate_hz
    times_s = starts_s + (np.arange(geometry.frames) + 0.5) * frame_s
    truth = {speaker: np.zeros(times_s.shape, bool) for _, _, speaker in turns}
    for start_s, end_s, speaker in turns:
        truth[speaker] |= (start_s <= times_s) & (times_s < end_s)
    return truth


def _slots(activity: NDArray[np.uint8], heard: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The slots, shape (windows, speakers), that are alone often enough and belong to a true speaker."""
    alone = activity * (activity.sum(axis=2, keepdims=True) == 1)
    frames = alone.sum(axis=1)
    agreed = (alone * heard[:, :, None]).sum(axis=1)
    return (frames >= LEAST_ALONE * activity.shape[1]) & (agreed >= LEAST_TRUE * frames)


if __name__ == "__main__":
    main()
