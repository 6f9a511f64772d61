"""How much is measured: all of it, or just enough to see that a part works."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Seconds of audio and numbers of recordings of each part, and which modes run as `exact` and as `fast`."""

    half_minute_s: float = 30
    five_minutes_s: float = 300
    clips: int = 16
    clip_s: float = 15
    odd_recordings: int = 1000
    evaluations: int = 10
    evaluation_s: float = 150
    longest_s: float = 1200
    short_clips: int = 20
    beside_s: float = 1800
    hour_s: float = 3600
    four_hours_s: float = 14400
    mutated_files: int = 10_000
    exact: str = "exact"
    fast: str = "fast"


def small(instead: str) -> Size:
    """Minutes instead of an hour; `instead` is the mode that runs, where the real ones do not exist yet."""
    return Size(
        half_minute_s=4.2,
        five_minutes_s=6,
        clips=2,
        clip_s=4.6,
        odd_recordings=11,
        evaluations=1,
        evaluation_s=20,
        longest_s=25,
        short_clips=3,
        beside_s=120,
        hour_s=60,
        four_hours_s=120,
        mutated_files=200,
        exact=instead or "exact",
        fast=instead or "fast",
    )
