"""The response document: pyannote.audio's output as the JSON of the request contract."""

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
"""Milliseconds, as in pyannote.audio's `serialize`; a model's frames are longer."""


def speakers(output: DiarizeOutput) -> list[str]:
    """Return the speaker labels in pyannote.audio's order: SPEAKER_00, SPEAKER_01 and so on."""
    return [str(label) for label in output.speaker_diarization.labels()]


def build(output: DiarizeOutput, include: Iterable[str] = ()) -> dict[str, Any]:
    """Return the document with the keys of the contract and the optional keys named in `include`."""
    segments = _segments(output.speaker_diarization)
    labels = speakers(output)
    document: dict[str, Any] = {
        "total_segments": len(segments),
        "num_speakers": len(labels),
        "speakers": labels,
        "segments": segments,
    }
    return document | {key: value(output) for option, (key, value) in _OPTIONAL_KEYS.items() if option in include}


def to_json(document: dict[str, Any]) -> bytes:
    """Serialise a document.

    Raises:
        ValueError: it contains NaN or infinity, which JSON cannot represent.
    """
    return json.dumps(document, allow_nan=False).encode()


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
    """Return one embedding per speaker. NaN, the value for a speaker without a clean frame, becomes null."""
    vectors = [] if output.speaker_embeddings is None else output.speaker_embeddings.tolist()
    return {
        speaker: [value if math.isfinite(value) else None for value in vector]
        for speaker, vector in zip(speakers(output), vectors, strict=True)
    }


_OPTIONAL_KEYS = {EXCLUSIVE: ("exclusive_segments", _exclusive_segments), EMBEDDINGS: ("embeddings", _embeddings)}
