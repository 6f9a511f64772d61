"""Open a recording and check its container format, codec, sample rate, channels and declared duration."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import av
import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet

from sd_engine.audio import truncation
from sd_engine.audio.formats import SUPPORTED_FORMATS, ContainerFormat, detect_format, id3_tag_bytes
from sd_engine.errors import InvalidArgumentError

MAX_CHANNELS = 32
MIN_SAMPLE_RATE_HZ, MAX_SAMPLE_RATE_HZ = 1000, 768_000
_FIRST_BYTES = 64
_MAX_DURATION_TOLERANCE_S = 0.5
"""Encoders add padding and resamplers a few samples: a recording of exactly the maximum duration is accepted."""


class AudioFile:
    """A recording whose header has been read and checked. A context manager; its packets can be read once.

    Raises (in all methods):
        InvalidArgumentError: the file is empty, not a recording, damaged, truncated, or longer than `max_duration_s`.
    """

    def __init__(self, file: io.BufferedIOBase, *, max_duration_s: float) -> None:
        self._max_duration_s = max_duration_s
        self.format = _read_format(file)
        truncation.check_not_truncated(file, self.format)
        declares_duration = self.format.declares_duration and not truncation.has_unknown_size(file, self.format)
        with self.translated_errors():
            self._container = _open(file, self.format)
            self.stream = _audio_stream(self._container, self.format)
        _check_stream(self.stream)
        self.declared_duration_s = self._header_duration_s() if declares_duration else None
        """The duration in the header; None = the header holds none."""
        self.check_duration(self.declared_duration_s or 0.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._container.close()

    def packets(self) -> Iterator[Packet[AudioStream]]:
        """Return the packets of the audio stream. The last one is empty and flushes the decoder."""
        return self._container.demux(self.stream)

    @contextmanager
    def translated_errors(self) -> Iterator[None]:
        """Raise FFmpeg's errors as InvalidArgumentError."""
        try:
            yield
        except av.error.MemoryError as error:  # a few bytes can request gigabytes; FFmpeg itself remains intact
            raise self.damaged_error("it requires more memory than a recording needs") from error
        except av.error.FFmpegError as error:
            raise self.damaged_error(error.strerror or type(error).__name__) from error

    def damaged_error(self, reason: str) -> InvalidArgumentError:
        return InvalidArgumentError(
            f"The {self.format.name} recording is damaged or truncated ({reason}); send it again."
        )

    def check_duration(self, duration_s: float) -> None:
        if duration_s > self._max_duration_s + _MAX_DURATION_TOLERANCE_S:
            raise InvalidArgumentError(
                f"The recording is longer than the allowed {self._max_duration_s:g} s (maxAudioDuration)."
            )

    def _header_duration_s(self) -> float | None:
        if self.stream.duration is not None and self.stream.time_base is not None:
            return float(self.stream.duration * self.stream.time_base)
        if self._container.duration is not None and len(self._container.streams) == 1:
            return self._container.duration / av.time_base
        return None


def no_audio_error() -> InvalidArgumentError:
    return InvalidArgumentError(f"The recording holds no audio that can be decoded; send {SUPPORTED_FORMATS}.")


def _read_format(file: io.BufferedIOBase) -> ContainerFormat:
    """Detect the format from the first bytes after an ID3 tag. Leaves `file` at its beginning."""
    file.seek(0)  # the offset of a memfd is where its writer left it
    first_bytes = file.read(_FIRST_BYTES)
    if not first_bytes:
        raise InvalidArgumentError(f"AUDIO_DATA is empty; send {SUPPORTED_FORMATS}.")
    file.seek(id3_tag_bytes(first_bytes))
    container_format = detect_format(file.read(_FIRST_BYTES))
    file.seek(0)
    if container_format is None:
        raise _unreadable_error(_describe_content(first_bytes))
    return container_format


def _describe_content(first_bytes: bytes) -> str:
    if first_bytes.isascii() and all(byte >= ord(" ") or byte in b"\t\r\n" for byte in first_bytes):
        return "it is text"
    return f"it begins with {first_bytes[:4].hex(' ')}, unlike every supported format"


def _unreadable_error(reason: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"This is not a recording that sd-triton can read ({reason}); send {SUPPORTED_FORMATS}."
    )


def _open(file: io.BufferedIOBase, container_format: ContainerFormat) -> InputContainer:
    return av.open(
        file,
        "r",
        format=container_format.demuxer,
        options=container_format.open_options(),
        metadata_errors="replace",  # tags that are not UTF-8 are common and harmless
    )


def _audio_stream(container: InputContainer, container_format: ContainerFormat) -> AudioStream:
    if not container.streams.audio:
        raise _unreadable_error(f"the {container_format.name} file holds no audio")
    stream = container.streams.audio[0]
    codec = stream.codec_context.name if stream.codec_context else "unknown"
    if codec not in container_format.codecs:
        raise _unreadable_error(f"its audio is encoded as {codec}, which is not accepted in {container_format.name}")
    return stream


def _check_stream(stream: AudioStream) -> None:
    sample_rate_hz, channels = stream.codec_context.sample_rate, stream.codec_context.channels
    if not MIN_SAMPLE_RATE_HZ <= sample_rate_hz <= MAX_SAMPLE_RATE_HZ:
        raise InvalidArgumentError(
            f"The recording's sample rate is {sample_rate_hz} Hz; "
            f"it must be between {MIN_SAMPLE_RATE_HZ} and {MAX_SAMPLE_RATE_HZ} Hz."
        )
    if not 1 <= channels <= MAX_CHANNELS:
        raise InvalidArgumentError(
            f"The recording has {channels} channels; 1 to {MAX_CHANNELS} are allowed. Mix them down to one."
        )
