"""Embeddings of true speakers in exact and in fast mode.

Usage: `python -m benchmarks.engine.programs.speaker_embeddings PIPELINE INPUT OUTPUT`.

INPUT is a JSON list of `{"wav", "turns": [[start_s, end_s, speaker], …]}`. OUTPUT gets, for each recording, the mean
embedding of each true speaker in both modes: `{speaker: {"exact": […], "fast": […]}}`. The engine's batcher runs the
networks; the speakers come from the reference turns, so that the result does not depend on clustering.
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

from benchmarks.engine.programs.in_process import InProcess

MIN_CLEAN_SHARE = 0.2
"""Share of a window in which a local speaker must be the only active one: pyannote.audio clusters such windows only."""
MIN_AGREEMENT = 0.9
"""Share of a local speaker's frames in which the true speaker must be active."""

TrueActivity = dict[str, NDArray[np.bool_]]
"""Activity of each true speaker, shape (windows, frames)."""


def main() -> None:
    pipeline, source, target = map(Path, sys.argv[1:])
    model = model_loader.load(pipeline, "cpu")
    modes = {name: InProcess(model, fast=name == "fast") for name in ("exact", "fast")}
    embeddings = [_mean_embeddings(modes, **recording) for recording in json.loads(source.read_text())]
    target.write_text(json.dumps(embeddings))


def _mean_embeddings(modes: dict[str, InProcess], wav: str, turns: list[tuple[float, float, str]]) -> dict[str, Any]:
    outputs = {name: mode.outputs(Path(wav)) for name, mode in modes.items()}
    activity, geometry = outputs["exact"].activity, modes["exact"].networks.geometry
    slots = {
        speaker: _matching_slots(activity, active)
        for speaker, active in _true_activity(geometry, len(activity), turns).items()
    }
    return {
        speaker: {name: output.embeddings[selected].mean(axis=0).tolist() for name, output in outputs.items()}
        for speaker, selected in slots.items()
        if selected.any()
    }


def _true_activity(geometry: Geometry, windows: int, turns: list[tuple[float, float, str]]) -> TrueActivity:
    frame_s = geometry.window_samples / geometry.frames / geometry.sample_rate_hz
    starts_s = np.arange(windows)[:, None] * geometry.step_samples / geometry.sample_rate_hz
    times_s = starts_s + (np.arange(geometry.frames) + 0.5) * frame_s
    activity = {speaker: np.zeros(times_s.shape, bool) for _, _, speaker in turns}
    for start_s, end_s, speaker in turns:
        activity[speaker] |= (start_s <= times_s) & (times_s < end_s)
    return activity


def _matching_slots(activity: NDArray[np.uint8], true_activity: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a mask, shape (windows, local speakers), of local speakers that are clean and match a true speaker."""
    clean = activity * (activity.sum(axis=2, keepdims=True) == 1)
    frames = clean.sum(axis=1)
    matching = (clean * true_activity[:, :, None]).sum(axis=1)
    return (frames >= MIN_CLEAN_SHARE * activity.shape[1]) & (matching >= MIN_AGREEMENT * frames)


if __name__ == "__main__":
    main()
