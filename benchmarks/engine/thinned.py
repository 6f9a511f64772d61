"""`python -m benchmarks.engine.thinned WAV`: one recording's segments, clustered whole and thinned, as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sd_engine.diarization import model_loader
from sd_engine.diarization.clustering import MOST_EMBEDDINGS
from sd_engine.diarization.timeline_job import TimelineJob

from benchmarks.engine.in_process import InProcess

AS_FOUR_HOURS = 8
"""Half hours in four hours: a recording of that length keeps so much less of each half hour."""


class Thinned(TimelineJob):
    """Clusters half an hour as if it were part of four."""

    def _most(self, windows: int) -> int | None:
        del windows
        return MOST_EMBEDDINGS // AS_FOUR_HOURS


def main() -> None:
    loaded = model_loader.load(None, "cpu")
    networked = InProcess(loaded, fast=False).networked(Path(sys.argv[1]))
    job = TimelineJob.of(loaded.pipeline)
    thinned = Thinned(clustering=job.clustering, grid=job.grid, min_duration_off_s=job.min_duration_off_s)
    found = {
        name: list(_segments(each.output(networked.activity, networked.embeddings.copy(), {})))
        for name, each in (("whole", job), ("thinned", thinned))
    }
    print(json.dumps(found))  # noqa: T201 - its result


def _segments(output: Any) -> Iterator[tuple[float, float, str]]:  # noqa: ANN401 - pyannote's DiarizeOutput
    for turn, _, speaker in output.speaker_diarization.itertracks(yield_label=True):
        yield turn.start, turn.end, speaker


if __name__ == "__main__":
    main()
