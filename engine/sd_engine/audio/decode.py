"""A recording in any of the known formats, in memory, to what pyannote wants: 16 kHz, mono, float32.

16 kHz mono PCM comes out as it went in (x / 32768). Several channels become their mean, as in pyannote.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import cast

import av
import av.error
import numpy as np
from av.audio.fifo import AudioFifo

from sd_engine.audio.downmix import checked, mono
from sd_engine.audio.duration import check_length
from sd_engine.audio.probe import OpenedRecording, no_audio
from sd_engine.audio.resample import Resampler
from sd_engine.audio.truncation import TRUNCATED
from sd_engine.errors import InvalidArgumentError
from sd_engine.samples import SAMPLE_RATE_HZ, Samples

_LENGTH_SLACK_S = 0.5
"""How much a header's duration may be off: encoder delay and padding are counted by some and not by others."""
_BLOCK_SAMPLES = 65536
"""Frames are gathered into blocks of about this size: a frame may hold only 20 ms, and numpy costs as much for that."""

Shape = tuple[int, str, str]
"""A frame's sample rate, sample format and channel layout."""


def blocks(file: io.BufferedIOBase, *, max_duration_s: float, promised_s: float | None = None) -> Iterator[Samples]:
    """Decodes the recording to 16 kHz mono, in blocks of some seconds. Stops as soon as it is longer than allowed.

    `promised_s` is the length that was counted from its packets.

    Raises:
        InvalidArgumentError: as `OpenedRecording`; or its samples are no numbers; or it is longer than was counted.
    """
    with OpenedRecording(file, max_duration_s=max_duration_s) as recording, recording.sentences():
        decoded_s = 0.0
        for block in _resampled(recording):
            decoded_s += len(block) / SAMPLE_RATE_HZ
            recording.check_duration(decoded_s)
            if promised_s is not None:
                check_length(decoded_s, promised_s, "its packets say")
            yield block
        _check_whole(recording, decoded_s)


def samples(file: io.BufferedIOBase, *, max_duration_s: float) -> Samples:
    """The same at once, shape (samples,)."""
    return np.concatenate(list(blocks(file, max_duration_s=max_duration_s)))


def _check_whole(recording: OpenedRecording, decoded_s: float) -> None:
    if decoded_s == 0:
        raise no_audio()
    if recording.promised_s is not None and decoded_s < recording.promised_s - _LENGTH_SLACK_S:
        raise InvalidArgumentError(
            f"{TRUNCATED} (its header promises {recording.promised_s:.1f} s, it holds {decoded_s:.1f} s); "
            "send the whole file."
        )


def _resampled(recording: OpenedRecording) -> Iterator[Samples]:
    resampler: Resampler | None = None
    for frame in _gathered(_frames(recording)):
        resampler = resampler or Resampler(frame.sample_rate)
        if frame.sample_rate != resampler.rate_hz:
            raise recording.damaged("its sample rate changes in the middle")
        yield from resampler.take(checked(mono(frame)))
    if resampler is not None:
        yield from resampler.rest()


def _frames(recording: OpenedRecording) -> Iterator[av.AudioFrame]:
    for packet in recording.packets():
        try:
            yield from cast("list[av.AudioFrame]", packet.decode())
        except av.error.InvalidDataError:
            if not recording.kind.tolerates_damage:
                raise


def _gathered(frames: Iterator[av.AudioFrame]) -> Iterator[av.AudioFrame]:
    """Frames that follow each other and are alike, as frames of about a block."""
    fifo = AudioFifo()
    shape: Shape | None = None
    for frame in frames:
        if fifo.samples >= _BLOCK_SAMPLES or (shape != _shape(frame) and fifo.samples):
            yield _emptied(fifo)
        if shape != _shape(frame):
            shape, fifo = _shape(frame), AudioFifo()
        frame.pts = None  # where times jump, as after a damaged packet, what was decoded still follows each other
        fifo.write(frame)
    if fifo.samples:
        yield _emptied(fifo)


def _emptied(fifo: AudioFifo) -> av.AudioFrame:
    return cast("av.AudioFrame", fifo.read())


def _shape(frame: av.AudioFrame) -> Shape:
    return frame.sample_rate, frame.format.name, frame.layout.name
