"""How long a recording is, from its packets: nothing is decoded, so that no small file can cost much."""

from __future__ import annotations

import io

from av.audio.stream import AudioStream
from av.packet import Packet

from sd_engine.audio.probe import OpenedRecording, no_audio
from sd_engine.errors import InvalidArgumentError

_SLACK_S = 1.0
_SLACK_SHARE = 0.05
"""Containers round each packet's duration, by as much as half a millisecond in twenty."""


def counted_s(file: io.BufferedIOBase, *, max_duration_s: float) -> float:
    """The recording's length in seconds. Stops as soon as it is longer than allowed.

    Raises:
        InvalidArgumentError: as `OpenedRecording`; or its header promises less than it holds.
    """
    with OpenedRecording(file, max_duration_s=max_duration_s) as recording:
        with recording.sentences():
            duration_s = _counted_s(recording)
        if duration_s == 0:
            raise no_audio()
        if recording.kind.promise_is_exact and recording.promised_s is not None:
            check_length(duration_s, recording.promised_s, "its header says")
        return duration_s


def check_length(held_s: float, promised_s: float, whose: str) -> None:
    """Refuses a recording that is clearly longer than was said before."""
    if held_s > longest_s(promised_s):
        raise InvalidArgumentError(
            f"The recording is longer than {whose} ({promised_s:.1f} s): it is damaged or lies about its length. "
            "Convert it anew, for instance to FLAC, and send that."
        )


def longest_s(promised_s: float) -> float:
    """What a recording of the promised length may hold."""
    return promised_s * (1 + _SLACK_SHARE) + _SLACK_S


def _counted_s(recording: OpenedRecording) -> float:
    count = _Count(recording.stream)
    for packet in recording.packets():
        count.add(packet)
        if count.is_due():
            recording.check_duration(count.duration_s())
    duration_s = count.duration_s()
    recording.check_duration(duration_s)
    return duration_s


_CHECK_PACKETS = 256


class _Count:
    """Counts in ticks of the stream, because this runs once per packet.

    The packets' durations are what will be decoded; where the container rounded them, or did not tell them, the time
    from the first packet to the end of the last is nearer to the truth.
    """

    def __init__(self, stream: AudioStream) -> None:
        self._tick_s = float(stream.time_base or 0)
        self._packets = 0
        self._sum_ticks = 0
        self._first_ticks: int | None = None
        self._end_ticks = 0

    def add(self, packet: Packet[AudioStream]) -> None:
        ticks = packet.duration or 0
        self._packets += 1
        self._sum_ticks += ticks
        start_ticks = packet.pts
        if start_ticks is not None:
            if self._first_ticks is None:
                self._first_ticks = start_ticks
            self._end_ticks = start_ticks + ticks

    def is_due(self) -> bool:
        return self._packets % _CHECK_PACKETS == 0

    def duration_s(self) -> float:
        span_ticks = self._end_ticks - (self._first_ticks or 0)
        return max(self._sum_ticks, span_ticks) * self._tick_s
