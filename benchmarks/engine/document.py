"""Whether an answer keeps the contract, key by key."""

from __future__ import annotations

import math
from typing import Any

KEYS = {"total_segments", "num_speakers", "speakers", "segments"}
SEGMENT_KEYS = {"start_time", "end_time", "duration", "speaker"}
_ROUNDING_S = 0.0015
"""Start, end and duration are each rounded to a millisecond."""


def fault(document: object) -> str:
    """What is wrong with a plain answer (nothing extra was asked for), in words; empty where nothing is."""
    if not isinstance(document, dict) or set(document) != KEYS:
        return "the keys are not the contract's"
    speakers, segments = document["speakers"], document["segments"]
    if not isinstance(segments, list) or not isinstance(speakers, list):
        return "segments or speakers are no lists"
    if document["total_segments"] != len(segments) or document["num_speakers"] != len(speakers):
        return "the counts are not those of the lists"
    if speakers != [f"SPEAKER_{number:02d}" for number in range(len(speakers))]:
        return f"the speakers are named {speakers}"
    return next(filter(None, map(_segment_fault, segments)), "") or _order_fault(speakers, segments)


def _segment_fault(segment: object) -> str:
    if not isinstance(segment, dict) or set(segment) != SEGMENT_KEYS:
        return "a segment's keys are not the contract's"
    times = [segment[key] for key in ("start_time", "end_time", "duration")]
    if not all(isinstance(time_s, int | float) and math.isfinite(time_s) for time_s in times):
        return f"a segment's times are {times}"
    start_s, end_s, duration_s = times
    if start_s < 0 or end_s < start_s or abs(end_s - start_s - duration_s) > _ROUNDING_S:
        return f"a segment lasts {duration_s} s from {start_s} to {end_s}"
    return ""


def _order_fault(speakers: list[str], segments: list[dict[str, Any]]) -> str:
    starts = [segment["start_time"] for segment in segments]
    if starts != sorted(starts):
        return "the segments are not sorted by their start"
    if {segment["speaker"] for segment in segments} != set(speakers):
        return "speakers and segments name different speakers"
    return ""


def sentence_fault(sentence: object) -> str:
    """What is wrong with an error's text: it must be a sentence for the person who must act."""
    if not isinstance(sentence, str) or len(sentence.split()) < 3:  # noqa: PLR2004 - subject, verb, and what
        return f"the error says {sentence!r}"
    if not sentence[0].isupper() or sentence.rstrip()[-1] not in ".!?":
        return f"the error is no sentence: {sentence[:80]!r}"
    if "Traceback" in sentence or "\n" in sentence:
        return "the error is a traceback"
    return ""
