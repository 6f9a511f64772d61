"""RTTM, the text format of timelines that scoring tools read.

Source: NIST, "The 2009 (RT-09) Rich Transcription Meeting Recognition Evaluation Plan", appendix A.
"""

from __future__ import annotations

import re

from sd_client.timeline import Segment, Timeline


def to_rttm(timeline: Timeline, recording: str) -> str:
    """Return one `SPEAKER` line per segment. `recording` is the file's name; its spaces become `_`."""
    file_id = re.sub(r"\s+", "_", recording) or "recording"
    return "".join(f"{_line(segment, file_id)}\n" for segment in timeline.segments)


def _line(segment: Segment, file_id: str) -> str:
    onset, duration = f"{segment.start_time_s:.3f}", f"{segment.duration_s:.3f}"
    return f"SPEAKER {file_id} 1 {onset} {duration} <NA> <NA> {segment.speaker} <NA> <NA>"
