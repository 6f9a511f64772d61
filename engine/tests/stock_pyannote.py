"""pyannote.audio alone, as its documentation shows it: `python stock_pyannote.py MODEL [WAV NUM_SPEAKERS]…`.

Prints one JSON object per recording (NUM_SPEAKERS 0 = find out). Knows nothing of the engine: it is what the engine's
answers are compared with.
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
    model, *questions = sys.argv[1:]
    pipeline: Any = Pipeline.from_pretrained(model)
    for recording, count in zip(questions[::2], map(int, questions[1::2]), strict=True):
        file = {"waveform": samples(recording)[None], "sample_rate": 16000}
        output = pipeline(file, num_speakers=count or None)
        answer = {
            "segments": rounded(output.speaker_diarization),
            "exclusive_segments": rounded(output.exclusive_speaker_diarization),
            "embeddings": output.speaker_embeddings.tolist(),
        }
        print(json.dumps(answer))  # noqa: T201 - its result


if __name__ == "__main__":
    main()
