"""The interface of the three modes: from the samples of a recording to its timeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sd_engine.samples import Samples
from sd_engine.transport.options import Options
from sd_engine.transport.request import Request


@dataclass(frozen=True, slots=True)
class DiarizationResult:
    """A recording's timeline as JSON, and its cost."""

    timeline: bytes
    num_speakers: int
    device_s: float
    """Device time used for this recording."""


class Diarizer(Protocol):
    """Diarizes recordings; all methods are thread-safe."""

    def diarize(self, request: Request, owned_samples: list[Samples], options: Options) -> DiarizationResult:
        """Diarize a recording.

        `owned_samples` is a list of one array and holds the only reference to it. The list is emptied, so that up to a
        gigabyte is freed as soon as the array is no longer needed.

        Raises:
            RequestError: the request was cancelled, is invalid for this pipeline, or a worker process failed.
        """
        ...

    def pending_s(self) -> float:
        """Return the device time that the recordings in flight still need."""
        ...

    def estimate_s(self, audio_s: float) -> float:
        """Return the device time that this much audio needs, estimated from the measured throughput."""
        ...
