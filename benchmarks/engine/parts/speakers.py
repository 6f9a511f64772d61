"""Distance of fast mode's embeddings from exact mode's, relative to the distance of different speakers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.engine.recordings.corpus import Recording
from benchmarks.engine.shared import SharedResults
from benchmarks.engine.stock_process import ENVIRONMENT
from benchmarks.record import Row

EmbeddingsBySpeaker = dict[str, dict[str, list[float]]]
"""The embedding of each true speaker of a recording, by mode."""


def measure(shared: SharedResults) -> list[Row]:
    cosine, distance, between_speakers, count = distances(_embed(shared.real_size[0], [*shared.clips, *shared.timed]))
    detail = f"{count} true speakers of the real-size recordings, ResNet34, mean over each speaker's windows"
    return [
        Row("fast_embedding_cosine", cosine, "", ">= 0.99", f"mean cosine of fast and exact mode; {detail}"),
        Row(
            "fast_distance_share",
            distance / between_speakers,
            "×",
            "<= 0.2",
            f"mean distance of fast from exact mode ({distance:.3f}) over that of a recording's different speakers in "
            f"exact mode ({between_speakers:.3f}), unit vectors; {detail}",
        ),
    ]


def distances(recordings: Iterable[EmbeddingsBySpeaker]) -> tuple[float, float, float, int]:
    """Return the mean cosine and distance of fast and exact, the mean distance of speakers, and their number."""
    cosines, between_modes, between_speakers = [], [], []
    for speakers in recordings:
        exact = {name: _unit(modes["exact"]) for name, modes in speakers.items()}
        fast = {name: _unit(modes["fast"]) for name, modes in speakers.items()}
        cosines += [float(exact[name] @ fast[name]) for name in speakers]
        between_modes += [float(np.linalg.norm(exact[name] - fast[name])) for name in speakers]
        between_speakers += [float(np.linalg.norm(one - other)) for one, other in combinations(exact.values(), 2)]
    return float(np.mean(cosines)), float(np.mean(between_modes)), float(np.mean(between_speakers)), len(cosines)


def _embed(pipeline: Path, recordings: Sequence[Recording]) -> list[EmbeddingsBySpeaker]:
    arguments = [
        {
            "wav": str(recording.path),
            "turns": [(turn.start_s, turn.end_s, turn.speaker) for turn in recording.turns],
        }
        for recording in recordings
    ]
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "input.json"), Path(folder, "output.json")
        source.write_text(json.dumps(arguments))
        argv = [sys.executable, "-m", "benchmarks.engine.programs.speaker_embeddings", pipeline, source, target]
        subprocess.run(argv, check=True, env=os.environ | ENVIRONMENT)
        return json.loads(target.read_text())


def _unit(vector: Sequence[float]) -> NDArray[np.float64]:
    values = np.array(vector, dtype=np.float64)
    return values / np.linalg.norm(values)
