"""From samples to a timeline, in one of three modes: what the chain hands a decoded recording to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sd_engine.samples import Samples
from sd_engine.transport.options import Options
from sd_engine.transport.request import Request


@dataclass(frozen=True, slots=True)
class Diarized:
    """A recording's timeline as JSON, and what it took."""

    timeline: bytes
    speakers: int
    device_s: float
    """The device's time for this recording alone."""


class Diarizer(Protocol):
    """`diarize` is called from one thread per request."""

    def diarize(self, request: Request, held: list[Samples], options: Options) -> Diarized:
        """`held` has the only reference to the samples, up to a gigabyte, and is emptied: they go when they may.

        Raises:
            RequestError: the request was cancelled, or something that it needed was lost.
        """
        ...

    def owed_s(self) -> float:
        """The device's time still owed to the recordings that are here."""
        ...

    def cost_s(self, audio_s: float) -> float:
        """The device's time that so much audio will take, at its measured speed."""
        ...
