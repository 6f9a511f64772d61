"""The response document of pyannote.audio's output."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sd_engine.diarization import timeline


@dataclass(frozen=True)
class Turn:
    start: float
    end: float

    @property
    def duration(self) -> float:
        return self.end - self.start


class Tracks:
    """The methods of pyannote.core's Annotation that are used; importing it takes seconds."""

    def __init__(self, *tracks: tuple[float, float, str]) -> None:
        self._tracks = tracks

    def labels(self) -> list[str]:
        return sorted({speaker for _, _, speaker in self._tracks})

    def itertracks(self, *, yield_label: bool) -> list[tuple[Turn, int, str]]:
        assert yield_label
        return [(Turn(start, end), number, speaker) for number, (start, end, speaker) in enumerate(self._tracks)]


@dataclass(frozen=True)
class Output:
    speaker_diarization: Any
    exclusive_speaker_diarization: Any
    speaker_embeddings: NDArray[np.float64] | None = None


CONVERSATION = Output(
    Tracks((4.0, 6.5, "SPEAKER_01"), (0.03094, 5.0012, "SPEAKER_00"), (4.0, 6.0, "SPEAKER_00")),
    Tracks((0.03094, 4.0, "SPEAKER_00"), (4.0, 6.5, "SPEAKER_01")),
    np.array([[1.0, float("nan")], [0.5, -1.0]]),
)


def test_segments_are_sorted_and_rounded_to_milliseconds() -> None:
    assert timeline.build(CONVERSATION) == {  # pyright: ignore[reportArgumentType]
        "total_segments": 3,
        "num_speakers": 2,
        "speakers": ["SPEAKER_00", "SPEAKER_01"],
        "segments": [
            {"start_time": 0.031, "end_time": 5.001, "duration": 4.97, "speaker": "SPEAKER_00"},
            {"start_time": 4.0, "end_time": 6.0, "duration": 2.0, "speaker": "SPEAKER_00"},
            {"start_time": 4.0, "end_time": 6.5, "duration": 2.5, "speaker": "SPEAKER_01"},
        ],
    }


def test_optional_keys_are_included_on_request() -> None:
    document = timeline.build(CONVERSATION, {"exclusive", "embeddings"})  # pyright: ignore[reportArgumentType]

    assert [segment["end_time"] for segment in document["exclusive_segments"]] == [4.0, 6.5]
    assert document["embeddings"] == {"SPEAKER_00": [1.0, None], "SPEAKER_01": [0.5, -1.0]}


def test_a_recording_without_speech_has_an_empty_document() -> None:
    silence = Output(Tracks(), Tracks(), np.zeros((0, 2)))

    document = json.loads(timeline.to_json(timeline.build(silence, ["embeddings"])))  # pyright: ignore[reportArgumentType]

    assert document == {"total_segments": 0, "num_speakers": 0, "speakers": [], "segments": [], "embeddings": {}}


def test_nan_is_not_serialised() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        timeline.to_json({"embeddings": float("nan")})
