"""A timeline: the segments of a recording and their speakers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sd_client.errors import InvalidResponseError


@dataclass(frozen=True, slots=True)
class Segment:
    """Speech of one speaker from `start_time_s` to `end_time_s`, in seconds from the recording's start."""

    start_time_s: float
    end_time_s: float
    speaker: str

    @property
    def duration_s(self) -> float:
        """The segment's length in seconds."""
        return self.end_time_s - self.start_time_s


@dataclass(frozen=True, slots=True)
class Timeline:
    """Segments sorted by start; they may overlap.

    `exclusive_segments` (one speaker at a time) and `embeddings` (one vector per speaker) are None unless requested.
    """

    speakers: tuple[str, ...]
    segments: tuple[Segment, ...]
    exclusive_segments: tuple[Segment, ...] | None = None
    embeddings: Mapping[str, tuple[float | None, ...]] | None = None
    """The vector of a speaker who never talks alone consists of None."""

    @classmethod
    def from_json(cls, text: str | bytes) -> Timeline:
        """Parse the text of a `DIARIZATION_RESULT`.

        Raises:
            InvalidResponseError: the text is not a timeline.
        """
        try:
            return cls._from_document(json.loads(text))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise InvalidResponseError(
                f"The service's response is not a timeline ({type(error).__name__}: {error}). "
                "Client and service may be of different versions."
            ) from error

    @classmethod
    def _from_document(cls, document: dict[str, Any]) -> Timeline:
        exclusive, embeddings = document.get("exclusive_segments"), document.get("embeddings")
        return cls(
            speakers=tuple(str(speaker) for speaker in document["speakers"]),
            segments=_segments(document["segments"]),
            exclusive_segments=None if exclusive is None else _segments(exclusive),
            embeddings=None if embeddings is None else _vectors(embeddings),
        )

    @property
    def talk_time_s(self) -> dict[str, float]:
        """Seconds of speech by speaker; overlapping speech counts for each speaker."""
        return {
            speaker: sum(segment.duration_s for segment in self.segments if segment.speaker == speaker)
            for speaker in self.speakers
        }

    def to_json(self) -> str:
        """Return the timeline as JSON, with the keys of the service's response."""
        document: dict[str, Any] = {
            "total_segments": len(self.segments),
            "num_speakers": len(self.speakers),
            "speakers": self.speakers,
            "segments": _documents(self.segments),
        }
        if self.exclusive_segments is not None:
            document["exclusive_segments"] = _documents(self.exclusive_segments)
        if self.embeddings is not None:
            document["embeddings"] = dict(self.embeddings)
        return json.dumps(document, indent=2)


def _segments(documents: list[dict[str, Any]]) -> tuple[Segment, ...]:
    return tuple(
        Segment(float(document["start_time"]), float(document["end_time"]), str(document["speaker"]))
        for document in documents
    )


def _vectors(embeddings: dict[str, list[float | None]]) -> dict[str, tuple[float | None, ...]]:
    return {
        speaker: tuple(None if value is None else float(value) for value in vector)
        for speaker, vector in embeddings.items()
    }


def _documents(segments: tuple[Segment, ...]) -> list[dict[str, Any]]:
    return [
        {
            "start_time": segment.start_time_s,
            "end_time": segment.end_time_s,
            "duration": round(segment.duration_s, 6),
            "speaker": segment.speaker,
        }
        for segment in segments
    ]
