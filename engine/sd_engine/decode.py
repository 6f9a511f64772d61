"""A recording in any of the known formats, in memory, to what pyannote wants: 16 kHz, mono, float32.

16 kHz mono PCM comes out as it went in (x / 32768). Several channels become their mean, as in pyannote.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import av
import av.error
import numpy as np
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from sd_engine import truncation
from sd_engine.containers import Container, id3_size_bytes, sniff
from sd_engine.errors import InvalidArgumentError
from sd_engine.truncation import TRUNCATED

SAMPLE_RATE_HZ = 16000
KNOWN = "send WAV, FLAC, MP3, OGG/Opus, M4A/AAC or WebM."
_HEAD_BYTES = 64
_LENGTH_SLACK_S = 0.5
"""How much a header's duration may be off: encoder delay and padding are counted by some and not by others."""
UNTOLD_BYTES_PER_S = 4000
"""32 kbit/s: what a recording is taken for that tells nothing of its duration."""

Samples = NDArray[np.float32]


class Recording:
    """An opened recording: its header has been read, its audio has not.

    Raises (from everything here):
        InvalidArgumentError: it is empty, no recording, damaged, cut off, or longer than allowed.
    """

    def __init__(self, file: io.BufferedIOBase, *, max_duration_s: float) -> None:
        self._max_duration_s = max_duration_s
        self._kind = _kind(file)
        truncation.check(file, self._kind)
        with _sentences(self._kind):
            self._container = _opened(file, self._kind)
            self._stream = _audio_stream(self._container, self._kind)
        self._promised_s = self._header_s()
        self._check_duration(self._promised_s or 0.0)

    def expected_s(self) -> float:
        """How long it will probably be: what its header or FFmpeg's estimate says, else a guess from its size."""
        estimate_us = self._container.duration
        guess_s = self._container.size / UNTOLD_BYTES_PER_S if estimate_us is None else estimate_us / av.time_base
        return min(guess_s, self._max_duration_s)

    def samples(self) -> Samples:
        """Decodes it all: 16 kHz mono, shape (samples,). Stops as soon as it is longer than allowed."""
        # A bytearray grows in place; a list of blocks would have to be copied, and for hours that is a gigabyte.
        gathered = bytearray()
        with _sentences(self._kind), self._container:
            for block in _resampled(self._mono_blocks()):
                gathered += block.tobytes()
                self._check_duration(len(gathered) / block.itemsize / SAMPLE_RATE_HZ)
        samples = np.frombuffer(gathered, dtype=np.float32)
        self._check_whole(len(samples) / SAMPLE_RATE_HZ)
        return samples

    def _mono_blocks(self) -> Iterator[tuple[int, Samples]]:
        for frame in self._frames():
            block = _mono(frame)
            if not np.isfinite(block).all():
                raise InvalidArgumentError("The recording holds samples that are not numbers (NaN or infinite).")
            yield frame.sample_rate, block

    def _frames(self) -> Iterator[av.AudioFrame]:
        for packet in self._container.demux(self._stream):
            try:
                yield from cast("list[av.AudioFrame]", packet.decode())
            except av.error.InvalidDataError:
                if not self._kind.tolerates_damage:
                    raise

    def _header_s(self) -> float | None:
        """The duration that the header promises, where it does."""
        if not self._kind.promises_duration:
            return None
        if self._stream.duration is not None and self._stream.time_base is not None:
            return float(self._stream.duration * self._stream.time_base)
        if self._container.duration is not None and len(self._container.streams) == 1:
            return self._container.duration / av.time_base
        return None

    def _check_duration(self, duration_s: float) -> None:
        if duration_s > self._max_duration_s:
            raise InvalidArgumentError(
                f"The recording is longer than the allowed {self._max_duration_s:g} s (maxAudioDuration)."
            )

    def _check_whole(self, duration_s: float) -> None:
        if duration_s == 0:
            raise InvalidArgumentError(f"The recording holds no audio that can be decoded; {KNOWN}")
        if self._promised_s is not None and duration_s < self._promised_s - _LENGTH_SLACK_S:
            raise InvalidArgumentError(
                f"{TRUNCATED} (its header promises {self._promised_s:.1f} s, it holds {duration_s:.1f} s); "
                "send the whole file."
            )


def _kind(file: io.BufferedIOBase) -> Container:
    """What the first bytes say; an ID3 tag in front is skipped."""
    file.seek(0)  # a memfd arrives as its writer left it
    head = file.read(_HEAD_BYTES)
    if not head:
        raise InvalidArgumentError(f"AUDIO_DATA is empty; {KNOWN}")
    file.seek(id3_size_bytes(head))
    kind = sniff(file.read(_HEAD_BYTES))
    file.seek(0)
    if kind is None:
        raise _unreadable(_looks_like(head))
    return kind


def _looks_like(head: bytes) -> str:
    if head.isascii() and all(byte >= ord(" ") or byte in b"\t\r\n" for byte in head):
        return "it is text"
    return f"it begins with {head[:4].hex(' ')}, which no known format does"


def _unreadable(why: str) -> InvalidArgumentError:
    return InvalidArgumentError(f"This is not a recording that sd-triton can read ({why}); {KNOWN}")


@contextmanager
def _sentences(kind: Container) -> Iterator[None]:
    """Says in a sentence what FFmpeg raises about a file."""
    try:
        yield
    except av.error.FFmpegError as error:
        raise _damaged(kind, error.strerror or type(error).__name__) from error
    except ValueError as error:  # PyAV's own: the sample rate changes in the middle
        raise _damaged(kind, str(error)) from error


def _damaged(kind: Container, why: str) -> InvalidArgumentError:
    return InvalidArgumentError(f"The {kind.name} recording is damaged or ends in the middle ({why}); send it again.")


def _opened(file: io.BufferedIOBase, kind: Container) -> InputContainer:
    # Tags in a foreign encoding are no reason to refuse a recording.
    return av.open(file, "r", format=kind.demuxer, options=kind.demuxer_options(), metadata_errors="replace")


def _audio_stream(container: InputContainer, kind: Container) -> AudioStream:
    if not container.streams.audio:
        raise _unreadable(f"the {kind.name} file holds no audio")
    stream = container.streams.audio[0]
    codec = stream.codec_context.name if stream.codec_context else "unknown"
    if codec not in kind.codecs:
        raise _unreadable(f"its audio is encoded as {codec}, which is not accepted in {kind.name}")
    return stream


_FULL_SCALE = {"u8": 128.0, "s16": 32768.0, "s32": 2147483648.0, "flt": 1.0, "dbl": 1.0}


def _mono(frame: av.AudioFrame) -> Samples:
    """The mean of a frame's channels, full scale = 1, shape (samples,)."""
    packed: NDArray[Any] = frame.to_ndarray()
    channels = packed if frame.format.is_planar else packed.reshape(-1, frame.layout.nb_channels).T
    full_scale = _FULL_SCALE[frame.format.name.removesuffix("p")]
    floats = channels.astype(np.float32)
    if frame.format.name.startswith("u8"):
        floats -= full_scale  # eight-bit samples are unsigned
    floats /= full_scale
    return floats[0] if len(floats) == 1 else floats.mean(axis=0)


def _resampled(blocks: Iterator[tuple[int, Samples]]) -> Iterator[Samples]:
    """At 16 kHz; blocks that already are pass untouched."""
    resampler: AudioResampler | None = None
    for rate_hz, block in blocks:
        if rate_hz == SAMPLE_RATE_HZ and resampler is None:
            yield block
        else:
            resampler = resampler or AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE_HZ)
            yield from _arrays(resampler.resample(_frame(block, rate_hz)))
    if resampler is not None:
        yield from _arrays(resampler.resample(None))


def _frame(block: Samples, rate_hz: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(block.reshape(1, -1), format="flt", layout="mono")
    frame.sample_rate = rate_hz
    return frame


def _arrays(frames: list[av.AudioFrame]) -> Iterator[Samples]:
    return (np.ascontiguousarray(frame.to_ndarray()[0], dtype=np.float32) for frame in frames)
