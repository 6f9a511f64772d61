"""The size of the benchmark: full, or just large enough to test the code of every part."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Durations and numbers of recordings of the parts, and the modes that are measured as `exact` and as `fast`."""

    half_minute_s: float = 30
    five_minutes_s: float = 300
    clips: int = 16
    clip_s: float = 15
    unusual_recordings: int = 1000
    evaluations: int = 10
    evaluation_s: float = 150
    longest_s: float = 1200
    short_clips: int = 20
    background_s: float = 1800
    hour_s: float = 3600
    four_hours_s: float = 14400
    mutated_files: int = 10_000
    exact: str = "exact"
    fast: str = "fast"


def small(mode: str) -> Size:
    """Return a size that takes minutes; `mode`, unless empty, replaces both modes."""
    return Size(
        half_minute_s=4.2,
        five_minutes_s=6,
        clips=2,
        clip_s=4.6,
        unusual_recordings=11,
        evaluations=1,
        evaluation_s=20,
        longest_s=25,
        short_clips=3,
        background_s=120,
        hour_s=60,
        four_hours_s=120,
        mutated_files=200,
        exact=mode or "exact",
        fast=mode or "fast",
    )
