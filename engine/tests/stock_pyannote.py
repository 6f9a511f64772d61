"""Unmodified pyannote.audio, called as in its documentation: `python stock_pyannote.py MODEL [WAV NUM_SPEAKERS]…`.

Prints one JSON object per recording; NUM_SPEAKERS is 0 if it is not requested. Independent of the
engine, whose results are compared with these.
"""

from __future__ import annotations

import json
import sys
import wave
from typing import Any

import numpy as np
import torch
from pyannote.audio import Pipeline
from pyannote.core import Annotation


def rounded(annotation: Annotation) -> list[list[object]]:
    tracks = annotation.itertracks(yield_label=True)
    return sorted([round(turn.start, 3), round(turn.end, 3), speaker] for turn, _, speaker in tracks)  # pyright: ignore[reportAssignmentType]


def samples(recording: str) -> torch.Tensor:
    with wave.open(recording) as reader:
        integers = np.frombuffer(reader.readframes(reader.getnframes()), "<i2")
    return torch.from_numpy(integers.astype(np.float32) / 32768)


def main() -> None:
    model, *arguments = sys.argv[1:]
    pipeline: Any = Pipeline.from_pretrained(model)
    for recording, count in zip(arguments[::2], map(int, arguments[1::2]), strict=True):
        file = {"waveform": samples(recording)[None], "sample_rate": 16000}
        output = pipeline(file, num_speakers=count or None)
        result = {
            "segments": rounded(output.speaker_diarization),
            "exclusive_segments": rounded(output.exclusive_speaker_diarization),
            "embeddings": output.speaker_embeddings.tolist(),
        }
        print(json.dumps(result))  # noqa: T201 - the output of this script


if __name__ == "__main__":
    main()
