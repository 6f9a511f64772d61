"""Measure a recording's duration from its packets. Nothing is decoded, so even a decompression bomb costs little."""

from __future__ import annotations

import io

from av.audio.stream import AudioStream
from av.packet import Packet

from sd_engine.audio.probe import AudioFile, no_audio_error
from sd_engine.errors import InvalidArgumentError

_TOLERANCE_S = 1.0
_TOLERANCE_SHARE = 0.05
"""Container formats round each packet's duration, by up to half a millisecond in twenty."""
_CHECK_EVERY_PACKETS = 256


def measure_duration_s(file: io.BufferedIOBase, *, max_duration_s: float) -> float:
    """Return the duration in seconds. Stops reading once it exceeds `max_duration_s`.

    Raises:
        InvalidArgumentError: as `AudioFile`; or the file is longer than its header declares.
    """
    with AudioFile(file, max_duration_s=max_duration_s) as audio:
        with audio.translated_errors():
            duration_s = _sum_packets_s(audio)
        if duration_s == 0:
            raise no_audio_error()
        if audio.format.declared_duration_is_exact and audio.declared_duration_s is not None:
            check_not_longer(duration_s, audio.declared_duration_s, "its header declares")
        return duration_s


def check_not_longer(duration_s: float, expected_s: float, source: str) -> None:
    """Compare a duration with the expected one, within a tolerance.

    Args:
        duration_s: the duration found so far.
        expected_s: the duration that was declared or measured before.
        source: the origin of `expected_s`, for the error message.

    Raises:
        InvalidArgumentError: the recording is longer.
    """
    if duration_s > expected_s * (1 + _TOLERANCE_SHARE) + _TOLERANCE_S:
        raise InvalidArgumentError(
            f"The recording is longer than {source} ({expected_s:.1f} s): it is damaged, or its declared duration is "
            "wrong. Convert it again, for instance to FLAC, and send the new file."
        )


def _sum_packets_s(audio: AudioFile) -> float:
    packets = _PacketDurations(audio.stream)
    for number, packet in enumerate(audio.packets(), start=1):
        packets.add(packet)
        if number % _CHECK_EVERY_PACKETS == 0:
            audio.check_duration(packets.total_s())
    audio.check_duration(packets.total_s())
    return packets.total_s()


class _PacketDurations:
    """The total duration of packets, in the stream's time base because `add` runs once per packet.

    The sum of the packets' durations is the duration that will be decoded. Where the container format has rounded or
    omitted them, the time from the first packet to the end of the last one is closer to it. The longer of both counts.
    """

    def __init__(self, stream: AudioStream) -> None:
        self._tick_s = float(stream.time_base or 0)
        self._sum_ticks = 0
        self._first_ticks: int | None = None
        self._end_ticks = 0

    def add(self, packet: Packet[AudioStream]) -> None:
        ticks = packet.duration or 0
        self._sum_ticks += ticks
        start_ticks = packet.pts
        if start_ticks is not None:
            if self._first_ticks is None:
                self._first_ticks = start_ticks
            self._end_ticks = start_ticks + ticks

    def total_s(self) -> float:
        span_ticks = self._end_ticks - (self._first_ticks or 0)
        return max(self._sum_ticks, span_ticks) * self._tick_s
