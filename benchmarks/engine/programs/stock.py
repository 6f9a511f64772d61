"""Unmodified pyannote.audio in a process of its own: `python -m benchmarks.engine.programs.stock PIPELINE…`.

Reads one JSON command per line and prints one JSON result per line. `{"call": WAV, "options": {…}, "batch_size": N or
null}` calls the first pipeline as in its documentation, on a waveform in memory, and stores its networks' outputs.
`{"replay": I, "options": {…}}` runs the later steps of pipeline I on the stored outputs. Independent of the engine.
"""

from __future__ import annotations

import json
import math
import sys
import warnings
import wave
from contextlib import redirect_stdout
from typing import Any

import numpy as np
import torch
from pyannote.audio import Pipeline
from pyannote.core import Annotation, SlidingWindowFeature

NetworkOutputs = dict[str, Any]
"""`segmentation`, shape (windows, frames, speakers), and `embeddings`, shape (windows, speakers, dimension)."""


def main() -> None:
    warnings.simplefilter("ignore")
    pipelines: list[Any] = [Pipeline.from_pretrained(directory) for directory in sys.argv[1:]]
    default_sizes = pipelines[0].segmentation_batch_size, pipelines[0].embedding_batch_size
    outputs: NetworkOutputs = {}
    _print({"ready": True})
    for line in sys.stdin:
        command = json.loads(line)
        with redirect_stdout(sys.stderr):  # clustering prints messages
            if "call" in command:
                outputs = {"file": _file(command["call"])}
                batch_size = command.get("batch_size")
                pipelines[0].segmentation_batch_size, pipelines[0].embedding_batch_size = (
                    (batch_size, batch_size) if batch_size else default_sizes
                )
                output = _call(pipelines[0], outputs, command["options"])
            else:
                output = _replay(pipelines[command["replay"]], outputs, command["options"])
        _print(_result(output) | _slots(outputs))


def _print(result: dict[str, Any]) -> None:
    print(json.dumps(result), flush=True)  # noqa: T201 - the output of this script


def _file(path: str) -> dict[str, Any]:
    with wave.open(path) as reader:
        integers = np.frombuffer(reader.readframes(reader.getnframes()), "<i2")
        rate_hz = reader.getframerate()
    return {"waveform": torch.from_numpy(integers.astype(np.float32) / 32768)[None], "sample_rate": rate_hz, "uri": "x"}


def _call(pipeline: Any, outputs: NetworkOutputs, options: dict[str, int]) -> Any:  # noqa: ANN401 - pyannote.audio has no types
    def store(step: str, artefact: object, *, completed: int | None = None, **_: object) -> None:
        if completed is None and step in ("segmentation", "embeddings"):
            outputs[step] = artefact

    return pipeline(outputs["file"], hook=store, **options)


def _replay(pipeline: Any, outputs: NetworkOutputs, options: dict[str, int]) -> Any:  # noqa: ANN401
    segmentation: SlidingWindowFeature = outputs["segmentation"]
    embeddings: np.ndarray | None = outputs.get("embeddings")

    def get_segmentations(file: object, hook: object = None) -> SlidingWindowFeature:  # noqa: ARG001
        return SlidingWindowFeature(segmentation.data.copy(), segmentation.sliding_window)

    def get_embeddings(*_: object, **__: object) -> np.ndarray:
        assert embeddings is not None, (
            "A pipeline needs embeddings only for recordings with speech, whose first call has computed them."
        )
        return embeddings.copy()

    pipeline.get_segmentations, pipeline.get_embeddings = get_segmentations, get_embeddings
    try:
        return pipeline(outputs["file"], **options)
    finally:
        del pipeline.get_segmentations, pipeline.get_embeddings


def _result(output: Any) -> dict[str, Any]:  # noqa: ANN401
    speakers = output.speaker_diarization.labels()
    return {
        "segments": _segments(output.speaker_diarization),
        "exclusive_segments": _segments(output.exclusive_speaker_diarization),
        "embeddings": {
            speaker: [value if math.isfinite(value) else None for value in vector]
            for speaker, vector in zip(speakers, output.speaker_embeddings.tolist(), strict=True)
        },
    }


def _segments(annotation: Annotation) -> list[tuple[float, float, str]]:
    tracks = annotation.itertracks(yield_label=True)
    return sorted((turn.start, turn.end, str(speaker)) for turn, _, speaker in tracks)  # pyright: ignore[reportAssignmentType]


def _slots(outputs: NetworkOutputs) -> dict[str, int]:
    """Return the number of local speakers of all windows, and the number of active ones."""
    active = np.nansum(outputs["segmentation"].data, axis=1) > 0
    return {"slots": int(active.size), "active_slots": int(active.sum())}


if __name__ == "__main__":
    main()
