"""pyannote's answer as the contract's JSON: who spoke from when to when."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sd_engine.transport.options import EMBEDDINGS, EXCLUSIVE

if TYPE_CHECKING:
    from pyannote.audio.pipelines.speaker_diarization import DiarizeOutput
    from pyannote.core import Annotation

DECIMALS = 3
"""Milliseconds: finer than any frame of any model, and what pyannote's own `serialize` keeps."""


def speakers(output: DiarizeOutput) -> list[str]:
    """The labels in the order in which pyannote named them: SPEAKER_00, SPEAKER_01 and so on."""
    return [str(label) for label in output.speaker_diarization.labels()]


def build(output: DiarizeOutput, include: Iterable[str] = ()) -> dict[str, Any]:
    """The keys of the contract, and those that were options for."""
    segments = _segments(output.speaker_diarization)
    names = speakers(output)
    timeline: dict[str, Any] = {
        "total_segments": len(segments),
        "num_speakers": len(names),
        "speakers": names,
        "segments": segments,
    }
    return timeline | {key: value(output) for extra, (key, value) in _EXTRAS.items() if extra in include}


def to_json(timeline: dict[str, Any]) -> bytes:
    return json.dumps(timeline, allow_nan=False).encode()


def _segments(annotation: Annotation) -> list[dict[str, Any]]:
    segments = [
        {
            "start_time": round(turn.start, DECIMALS),
            "end_time": round(turn.end, DECIMALS),
            "duration": round(turn.duration, DECIMALS),
            "speaker": str(speaker),
        }
        for turn, _, speaker in annotation.itertracks(yield_label=True)  # pyright: ignore[reportAssignmentType]
    ]
    return sorted(segments, key=lambda segment: (segment["start_time"], segment["end_time"], segment["speaker"]))


def _exclusive_segments(output: DiarizeOutput) -> list[dict[str, Any]]:
    return _segments(output.exclusive_speaker_diarization)


def _embeddings(output: DiarizeOutput) -> dict[str, list[float | None]]:
    """One vector per speaker. A speaker without a clean moment has none that is a number: JSON's null then."""
    vectors = [] if output.speaker_embeddings is None else output.speaker_embeddings.tolist()
    return {
        speaker: [value if math.isfinite(value) else None for value in vector]
        for speaker, vector in zip(speakers(output), vectors, strict=True)
    }


_EXTRAS = {EXCLUSIVE: ("exclusive_segments", _exclusive_segments), EMBEDDINGS: ("embeddings", _embeddings)}
