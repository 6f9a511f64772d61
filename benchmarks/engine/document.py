"""Validation of response documents and error messages."""

from __future__ import annotations

import math
from typing import Any

KEYS = {"total_segments", "num_speakers", "speakers", "segments"}
SEGMENT_KEYS = {"start_time", "end_time", "duration", "speaker"}
_ROUNDING_S = 0.0015
"""Start, end and duration are each rounded to a millisecond."""


def document_error(document: object) -> str:
    """Return a description of the first error in a document without optional keys, or "" if it is valid."""
    if not isinstance(document, dict) or set(document) != KEYS:
        return "the document's keys are wrong"
    speakers, segments = document["speakers"], document["segments"]
    if not isinstance(segments, list) or not isinstance(speakers, list):
        return "segments or speakers is not a list"
    if document["total_segments"] != len(segments) or document["num_speakers"] != len(speakers):
        return "a count differs from the length of its list"
    if speakers != [f"SPEAKER_{number:02d}" for number in range(len(speakers))]:
        return f"the speakers are labelled {speakers}"
    return next(filter(None, map(_segment_error, segments)), "") or _order_error(speakers, segments)


def _segment_error(segment: object) -> str:
    if not isinstance(segment, dict) or set(segment) != SEGMENT_KEYS:
        return "a segment's keys are wrong"
    times = [segment[key] for key in ("start_time", "end_time", "duration")]
    if not all(isinstance(time_s, int | float) and math.isfinite(time_s) for time_s in times):
        return f"a segment's times are {times}"
    start_s, end_s, duration_s = times
    if start_s < 0 or end_s < start_s or abs(end_s - start_s - duration_s) > _ROUNDING_S:
        return f"a segment lasts {duration_s} s from {start_s} to {end_s}"
    return ""


def _order_error(speakers: list[str], segments: list[dict[str, Any]]) -> str:
    starts = [segment["start_time"] for segment in segments]
    if starts != sorted(starts):
        return "the segments are not sorted by their start"
    if {segment["speaker"] for segment in segments} != set(speakers):
        return "speakers and segments have different labels"
    return ""


def message_error(message: object) -> str:
    """Return a description of the first defect of an error message, or "" if it is a sentence."""
    if not isinstance(message, str) or len(message.split()) < 3:  # noqa: PLR2004 - subject, verb and object
        return f"the error message is {message!r}"
    if not message[0].isupper() or message.rstrip()[-1] not in ".!?":
        return f"the error message is not a sentence: {message[:80]!r}"
    if "Traceback" in message or "\n" in message:
        return "the error message is a traceback"
    return ""
