"""A recording's segments with all and with selected embeddings.

`python -m benchmarks.engine.programs.subsampled WAV` prints them as JSON. The selection for half an
hour is as sparse as the engine's for four hours.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from sd_engine.diarization import model_loader
from sd_engine.diarization.subsampling import MAX_EMBEDDINGS
from sd_engine.diarization.timeline_job import TimelineJob

from benchmarks.engine.programs.in_process import InProcess

HALF_HOURS = 8
"""Half hours in four hours: the engine selects this many times fewer embeddings of each."""


def main() -> None:
    model = model_loader.load(None, "cpu")
    outputs = InProcess(model, fast=False).outputs(Path(sys.argv[1]))
    job = TimelineJob.from_pipeline(model.pipeline)
    subsampled = replace(job, max_embeddings=MAX_EMBEDDINGS // HALF_HOURS, subsampled_after_s=0.0)
    segments = {
        name: list(_segments(each.output(outputs.activity, outputs.embeddings.copy(), {})))
        for name, each in (("all", job), ("subsampled", subsampled))
    }
    print(json.dumps(segments))  # noqa: T201 - the output of this script


def _segments(output: Any) -> Iterator[tuple[float, float, str]]:  # noqa: ANN401 - pyannote.audio's DiarizeOutput
    for turn, _, speaker in output.speaker_diarization.itertracks(yield_label=True):
        yield turn.start, turn.end, speaker


if __name__ == "__main__":
    main()
