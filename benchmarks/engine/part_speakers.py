"""How near the speakers' embeddings of `fast` are to those of `exact`, beside how far apart different speakers are."""

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

from benchmarks.engine.corpus import Recording
from benchmarks.engine.shared import Shared
from benchmarks.engine.stock_process import ENVIRONMENT
from benchmarks.record import Row

Speakers = dict[str, dict[str, list[float]]]
"""For each true speaker of a recording, the embedding in each mode."""


def measure(shared: Shared) -> list[Row]:
    cosine, distance, apart, count = gates(_embedded(shared.real_size[0], [*shared.clips, *shared.timed]))
    detail = (
        f"{count} true speakers of the real-size recordings, ResNet34, each the mean over the windows they speak in"
    )
    return [
        Row("fast_embedding_cosine", cosine, "", ">= 0.99", f"mean of fast and exact; {detail}"),
        Row(
            "fast_distance_share",
            distance / apart,
            "×",
            "<= 0.2",
            f"mean distance of fast from exact ({distance:.3f}) over that of a recording's different speakers in "
            f"exact ({apart:.3f}), unit vectors; {detail}",
        ),
    ]


def gates(recordings: Iterable[Speakers]) -> tuple[float, float, float, int]:
    """Mean cosine and distance of fast and exact, mean distance of different speakers in exact, number of speakers."""
    cosines, distances, apart = [], [], []
    for speakers in recordings:
        exact = {name: _unit(modes["exact"]) for name, modes in speakers.items()}
        fast = {name: _unit(modes["fast"]) for name, modes in speakers.items()}
        cosines += [float(exact[name] @ fast[name]) for name in speakers]
        distances += [float(np.linalg.norm(exact[name] - fast[name])) for name in speakers]
        apart += [float(np.linalg.norm(one - other)) for one, other in combinations(exact.values(), 2)]
    return float(np.mean(cosines)), float(np.mean(distances)), float(np.mean(apart)), len(cosines)


def _embedded(pipeline: Path, recordings: Sequence[Recording]) -> list[Speakers]:
    questions = [
        {
            "wav": str(recording.path),
            "turns": [(turn.start_s, turn.end_s, turn.speaker) for turn in recording.turns],
        }
        for recording in recordings
    ]
    with tempfile.TemporaryDirectory() as folder:
        asked, answered = Path(folder, "questions.json"), Path(folder, "answers.json")
        asked.write_text(json.dumps(questions))
        argv = [sys.executable, "-m", "benchmarks.engine.embedded", pipeline, asked, answered]
        subprocess.run(argv, check=True, env=os.environ | ENVIRONMENT)
        return json.loads(answered.read_text())


def _unit(vector: Sequence[float]) -> NDArray[np.float64]:
    values = np.array(vector, dtype=np.float64)
    return values / np.linalg.norm(values)
