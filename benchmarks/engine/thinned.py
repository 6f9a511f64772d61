"""`python -m benchmarks.engine.thinned WAV`: one recording's segments, clustered whole and thinned, as JSON."""

from __future__ import annotations

import json
import sys
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from sd_engine import batched, model
from sd_engine.batcher import Batcher
from sd_engine.clustering import MOST_EMBEDDINGS
from sd_engine.networks import Kind
from sd_engine.timeline_job import TimelineJob

AS_FOUR_HOURS = 8
"""Half hours in four hours: a recording of that length keeps so much less of each half hour."""


class Unwatched:
    """Nobody looks at the device here."""

    def batch_done(self, kind: Kind, windows: int, duration_s: float, cpu_s: float) -> None: ...

    def wanted(self, duration_s: float) -> None: ...

    def out_of_memory(self, kind: Kind, batch_size: int) -> None: ...


class Thinned(TimelineJob):
    """Clusters half an hour as if it were part of four."""

    def _most(self, windows: int) -> int | None:
        del windows
        return MOST_EMBEDDINGS // AS_FOUR_HOURS


def main() -> None:
    loaded = model.load(None, "cpu")
    networks = batched.networks_of(loaded.pipeline, loaded.device, fast=False)
    batcher = Batcher(networks, batched.batch_sizes(loaded.device, networks.lanes.count, fast=False), Unwatched())
    batcher.start()
    networked = batcher.submit(_samples(Path(sys.argv[1]))).result()
    job = TimelineJob.of(loaded.pipeline)
    thinned = Thinned(clustering=job.clustering, grid=job.grid, min_duration_off_s=job.min_duration_off_s)
    found = {
        name: list(_segments(each.output(networked.activity, networked.embeddings.copy(), {})))
        for name, each in (("whole", job), ("thinned", thinned))
    }
    print(json.dumps(found))  # noqa: T201 - its result


def _samples(wav: Path) -> np.ndarray:
    with wave.open(str(wav)) as reader:
        integers = np.frombuffer(reader.readframes(reader.getnframes()), "<i2")
    return integers.astype(np.float32) / np.float32(32768)


def _segments(output: Any) -> Iterator[tuple[float, float, str]]:  # noqa: ANN401 - pyannote's DiarizeOutput
    for turn, _, speaker in output.speaker_diarization.itertracks(yield_label=True):
        yield turn.start, turn.end, speaker


if __name__ == "__main__":
    main()
