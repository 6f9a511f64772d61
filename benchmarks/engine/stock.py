"""Unmodified pyannote.audio in a plain process: `python -m benchmarks.engine.stock PIPELINE…`, orders in, answers out.

One JSON order per line. `{"call": WAV, "asked": {…}, "batch_size": N or null}` calls the first pipeline as its
documentation shows it, on a waveform in memory, and remembers what its networks gave. `{"replay": I, "asked": {…}}`
lets pipeline I do all the rest anew on what the last call's networks gave. Knows nothing of the engine.
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

Networks = dict[str, Any]
"""`segmentation` (windows, frames, speakers) and `embeddings` (windows, speakers, dimension), as the hook saw them."""


def main() -> None:
    warnings.simplefilter("ignore")
    pipelines: list[Any] = [Pipeline.from_pretrained(directory) for directory in sys.argv[1:]]
    usual = pipelines[0].segmentation_batch_size, pipelines[0].embedding_batch_size
    networks: Networks = {}
    _say({"ready": True})
    for line in sys.stdin:
        order = json.loads(line)
        with redirect_stdout(sys.stderr):  # its clustering prints remarks
            if "call" in order:
                networks = {"file": _file(order["call"])}
                once = order.get("batch_size")
                pipelines[0].segmentation_batch_size, pipelines[0].embedding_batch_size = (
                    (once, once) if once else usual
                )
                output = _call(pipelines[0], networks, order["asked"])
            else:
                output = _replay(pipelines[order["replay"]], networks, order["asked"])
        _say(_answer(output) | _slots(networks))


def _say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)  # noqa: T201 - its result


def _file(path: str) -> dict[str, Any]:
    with wave.open(path) as reader:
        integers = np.frombuffer(reader.readframes(reader.getnframes()), "<i2")
        rate_hz = reader.getframerate()
    return {"waveform": torch.from_numpy(integers.astype(np.float32) / 32768)[None], "sample_rate": rate_hz, "uri": "x"}


def _call(pipeline: Any, networks: Networks, asked: dict[str, int]) -> Any:  # noqa: ANN401 - pyannote has no types
    def remember(step: str, artefact: object, *, completed: int | None = None, **_: object) -> None:
        if completed is None and step in ("segmentation", "embeddings"):
            networks[step] = artefact

    return pipeline(networks["file"], hook=remember, **asked)


def _replay(pipeline: Any, networks: Networks, asked: dict[str, int]) -> Any:  # noqa: ANN401
    segmentation: SlidingWindowFeature = networks["segmentation"]
    embeddings: np.ndarray | None = networks.get("embeddings")

    def get_segmentations(file: object, hook: object = None) -> SlidingWindowFeature:  # noqa: ARG001
        return SlidingWindowFeature(segmentation.data.copy(), segmentation.sliding_window)

    def get_embeddings(*_: object, **__: object) -> np.ndarray:
        assert embeddings is not None, (
            "Embeddings are asked for only where somebody speaks, and then they were computed."
        )
        return embeddings.copy()

    pipeline.get_segmentations, pipeline.get_embeddings = get_segmentations, get_embeddings
    try:
        return pipeline(networks["file"], **asked)
    finally:
        del pipeline.get_segmentations, pipeline.get_embeddings


def _answer(output: Any) -> dict[str, Any]:  # noqa: ANN401
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


def _slots(networks: Networks) -> dict[str, int]:
    """How many (window, speaker) slots there were, and in how many of them somebody speaks."""
    active = np.nansum(networks["segmentation"].data, axis=1) > 0
    return {"slots": int(active.size), "active_slots": int(active.sum())}


if __name__ == "__main__":
    main()
