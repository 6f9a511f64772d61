"""Accuracy of clustering with a bounded number of embeddings, on half-hour conversations.

Each is clustered with all its embeddings, and with the share of them that a recording of four hours keeps.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from statistics import fmean

from benchmarks.engine.compare import Timeline
from benchmarks.engine.parts.fast import der_percent
from benchmarks.engine.recordings.conversations import Scene
from benchmarks.engine.recordings.corpus import Recording, synthesise
from benchmarks.engine.shared import SharedResults
from benchmarks.engine.stock_process import ENVIRONMENT
from benchmarks.record import Row


def measure(shared: SharedResults) -> list[Row]:
    recordings = [
        synthesise(
            f"half an hour of {speakers}",
            Scene(seed=1800 + speakers, duration_s=shared.size.background_s, speakers=speakers, noise_db=25),
        )
        for speakers in (3, 4, 5)
    ]
    rates = [_error_rates(recording, shared) for recording in recordings]
    detail = "; ".join(
        f"{recording.name}: {whole:.2f} % to {subsampled:.2f} %" for recording, whole, subsampled in rates
    )
    gap = fmean(subsampled - whole for _, whole, subsampled in rates)
    return [
        Row("bounded_der_gap_points", gap, "points", "<= 0.5", f"mean of {len(rates)}; DER of {detail}; demo model")
    ]


def _error_rates(recording: Recording, shared: SharedResults) -> tuple[Recording, float, float]:
    """Return the diarization error rates in percent: with all embeddings, and with a subset."""
    argv = [sys.executable, "-m", "benchmarks.engine.programs.subsampled", recording.path]
    output = subprocess.run(argv, capture_output=True, check=True, text=True, env=os.environ | ENVIRONMENT).stdout
    found = json.loads(output.splitlines()[-1])
    whole, subsampled = (
        der_percent([recording], [Timeline([(start, end, who) for start, end, who in found[name]])])
        for name in ("all", "subsampled")
    )
    shared.log(f"{recording.name}: {whole:.2f} % with all embeddings, {subsampled:.2f} % with selected ones")
    return recording, whole, subsampled
