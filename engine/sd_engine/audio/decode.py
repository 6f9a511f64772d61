"""Decode a recording of any supported format to the input of pyannote: 16 kHz, mono, float32.

Samples of 16 kHz mono PCM stay exact (x / 32768). Several channels are averaged, as pyannote does.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import cast

import av
import av.error
from av.audio.fifo import AudioFifo

from sd_engine.audio.downmix import check_samples, downmix
from sd_engine.audio.duration import check_not_longer
from sd_engine.audio.probe import AudioFile, no_audio_error
from sd_engine.audio.resample import Resampler
from sd_engine.audio.truncation import TRUNCATED
from sd_engine.errors import InvalidArgumentError
from sd_engine.samples import SAMPLE_RATE_HZ, Samples

_DECLARED_DURATION_TOLERANCE_S = 0.5
"""Some encoders count encoder delay and padding in the declared duration, others do not."""
_BLOCK_SAMPLES = 65536
"""Frames are merged into blocks of about this size: one of 20 ms would cost numpy as much time as a large block."""

FrameFormat = tuple[int, str, str]
"""Sample rate, sample format and channel layout of a frame."""


def decode_blocks(
    file: io.BufferedIOBase, *, max_duration_s: float, measured_duration_s: float | None = None
) -> Iterator[Samples]:
    """Decode to 16 kHz mono, in blocks of a few seconds. Stops decoding once it exceeds `max_duration_s`.

    Args:
        file: the recording.
        max_duration_s: the maximum duration of a recording.
        measured_duration_s: the result of `duration.measure_duration_s`.

    Raises:
        InvalidArgumentError: as `AudioFile`; or the recording holds invalid samples or is longer than was measured.
    """
    with AudioFile(file, max_duration_s=max_duration_s) as audio, audio.translated_errors():
        decoded_s = 0.0
        for block in _resample(audio):
            decoded_s += len(block) / SAMPLE_RATE_HZ
            audio.check_duration(decoded_s)
            if measured_duration_s is not None:
                check_not_longer(decoded_s, measured_duration_s, "its packets declare")
            yield block
        _check_complete(audio, decoded_s)


def _check_complete(audio: AudioFile, decoded_s: float) -> None:
    if decoded_s == 0:
        raise no_audio_error()
    declared_s = audio.declared_duration_s
    if declared_s is not None and decoded_s < declared_s - _DECLARED_DURATION_TOLERANCE_S:
        raise InvalidArgumentError(
            f"{TRUNCATED} (its header declares {declared_s:.1f} s, it holds {decoded_s:.1f} s); send the whole file."
        )


def _resample(audio: AudioFile) -> Iterator[Samples]:
    resampler: Resampler | None = None
    for frame in _merge_frames(_decode_frames(audio)):
        resampler = resampler or Resampler(frame.sample_rate)
        if frame.sample_rate != resampler.input_rate_hz:
            raise audio.damaged_error("its sample rate changes in the middle")
        yield from resampler.resample(check_samples(downmix(frame)))
    if resampler is not None:
        yield from resampler.flush()


def _decode_frames(audio: AudioFile) -> Iterator[av.AudioFrame]:
    for packet in audio.packets():
        try:
            yield from cast("list[av.AudioFrame]", packet.decode())
        except av.error.InvalidDataError:
            if not audio.format.skips_invalid_packets:
                raise


def _merge_frames(frames: Iterator[av.AudioFrame]) -> Iterator[av.AudioFrame]:
    """Merge consecutive frames of one frame format into frames of about `_BLOCK_SAMPLES`."""
    fifo = AudioFifo()
    current: FrameFormat | None = None
    for frame in frames:
        if fifo.samples >= _BLOCK_SAMPLES or (current != _frame_format(frame) and fifo.samples):
            yield _read_all(fifo)
        if current != _frame_format(frame):
            current, fifo = _frame_format(frame), AudioFifo()
        frame.pts = None  # a damaged packet leaves a gap in the timestamps, which the FIFO would reject
        fifo.write(frame)
    if fifo.samples:
        yield _read_all(fifo)


def _read_all(fifo: AudioFifo) -> av.AudioFrame:
    return cast("av.AudioFrame", fifo.read())


def _frame_format(frame: av.AudioFrame) -> FrameFormat:
    return frame.sample_rate, frame.format.name, frame.layout.name
