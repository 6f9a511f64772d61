"""A recording that has been opened: its kind, codec, rate and channels are allowed, its audio is untouched."""

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
from sd_engine.audio.formats import Container, id3_size_bytes, sniff
from sd_engine.errors import InvalidArgumentError

KNOWN = "send WAV, FLAC, MP3, OGG/Opus, M4A/AAC or WebM."
MOST_CHANNELS = 32
LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 1000, 768_000
_HEAD_BYTES = 64
_LENGTH_SLACK_S = 0.5
"""Encoders pad, resamplers give a few samples more than they took: a recording may be just as long as allowed."""


class OpenedRecording:
    """A recording whose header has been read, as a context; good for one pass through its packets.

    Raises (from everything here):
        InvalidArgumentError: it is empty, no recording, damaged, cut off, or longer than allowed.
    """

    def __init__(self, file: io.BufferedIOBase, *, max_duration_s: float) -> None:
        self._max_duration_s = max_duration_s
        self.kind = _kind(file)
        truncation.check(file, self.kind)
        promises_duration = self.kind.promises_duration and not truncation.is_open_ended(file, self.kind)
        with self.sentences():
            self._container = _opened(file, self.kind)
            self.stream = _audio_stream(self._container, self.kind)
        _check_shape(self.stream)
        self.promised_s = self._header_s() if promises_duration else None
        """The duration that the header promises, where it does."""
        self.check_duration(self.promised_s or 0.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._container.close()

    def packets(self) -> Iterator[Packet[AudioStream]]:
        """All of the audio's, undecoded; the last one is empty and flushes the decoder."""
        return self._container.demux(self.stream)

    @contextmanager
    def sentences(self) -> Iterator[None]:
        """Says in a sentence what FFmpeg raises about the file."""
        try:
            yield
        except av.error.MemoryError as error:  # a few bytes can ask for gigabytes; this process is as good as before
            raise self.damaged("it asks for more memory than a recording needs") from error
        except av.error.FFmpegError as error:
            raise self.damaged(error.strerror or type(error).__name__) from error

    def damaged(self, why: str) -> InvalidArgumentError:
        return InvalidArgumentError(
            f"The {self.kind.name} recording is damaged or ends in the middle ({why}); send it again."
        )

    def check_duration(self, duration_s: float) -> None:
        if duration_s > self._max_duration_s + _LENGTH_SLACK_S:
            raise InvalidArgumentError(
                f"The recording is longer than the allowed {self._max_duration_s:g} s (maxAudioDuration)."
            )

    def _header_s(self) -> float | None:
        if self.stream.duration is not None and self.stream.time_base is not None:
            return float(self.stream.duration * self.stream.time_base)
        if self._container.duration is not None and len(self._container.streams) == 1:
            return self._container.duration / av.time_base
        return None


def no_audio() -> InvalidArgumentError:
    return InvalidArgumentError(f"The recording holds no audio that can be decoded; {KNOWN}")


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


def _check_shape(stream: AudioStream) -> None:
    rate_hz, channels = stream.codec_context.sample_rate, stream.codec_context.channels
    if not LOWEST_RATE_HZ <= rate_hz <= HIGHEST_RATE_HZ:
        raise InvalidArgumentError(
            f"The recording's sample rate is {rate_hz} Hz; "
            f"it must lie between {LOWEST_RATE_HZ} and {HIGHEST_RATE_HZ} Hz."
        )
    if not 1 <= channels <= MOST_CHANNELS:
        raise InvalidArgumentError(
            f"The recording has {channels} channels; 1 to {MOST_CHANNELS} are allowed. Mix them down to one."
        )
