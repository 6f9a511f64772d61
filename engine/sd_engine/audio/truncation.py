"""Whether a file ends before its own structure does: what FFmpeg would pass over in silence.

WAV and WebM say how many bytes follow; an OGG page says how long it is. FLAC and M4A say how long they play, which is
compared after decoding. MP3 and AAC are rows of frames without an end: a cut one is a shorter one.
"""

from __future__ import annotations

import io
import os
import struct

from sd_engine.audio.formats import OGG, WAV, WEBM, Container
from sd_engine.errors import InvalidArgumentError

TRUNCATED = "The recording ends in the middle"


def check(file: io.BufferedIOBase, kind: Container) -> None:
    """Leaves `file` at its beginning.

    Raises:
        InvalidArgumentError: bytes are missing at the end.
    """
    size_bytes = file.seek(0, os.SEEK_END)
    missing_bytes = _ENDS[kind.name](file, size_bytes) - size_bytes if kind.name in _ENDS else 0
    file.seek(0)
    if missing_bytes > 0:
        raise InvalidArgumentError(f"{TRUNCATED} ({missing_bytes} bytes are missing); send the whole file.")


def is_open_ended(file: io.BufferedIOBase, kind: Container) -> bool:
    """Whether its writer could not go back and put in how long it became. Leaves `file` at its beginning."""
    open_ended = kind is WEBM and _webm_segment_bytes(file) == _UNKNOWN_SIZE
    file.seek(0)
    return open_ended


_STREAMED_FROM_BYTES = 0x7FFFF000
"""Writers into a pipe cannot know the size and put the largest number they have: then all that is there counts."""


def _wav_end(file: io.BufferedIOBase, size_bytes: int) -> int:
    """Where the `data` chunk promises to end; the chunks before it are stepped over."""
    position = file.seek(12)
    while len(header := file.read(8)) == 8:  # noqa: PLR2004 - a name and a size, four bytes each
        name, chunk_bytes = struct.unpack("<4sI", header)
        if name == b"data":
            return 0 if chunk_bytes >= _STREAMED_FROM_BYTES else position + 8 + chunk_bytes
        position = file.seek(position + 8 + chunk_bytes + chunk_bytes % 2)
    return max(position, size_bytes + 1)


_OGG_PAGE_HEADER_BYTES = 27
_LARGEST_OGG_PAGE_BYTES = _OGG_PAGE_HEADER_BYTES + 255 + 255 * 255


def _ogg_end(file: io.BufferedIOBase, size_bytes: int) -> int:
    """Where the last page promises to end."""
    start = file.seek(max(0, size_bytes - _LARGEST_OGG_PAGE_BYTES))
    tail = file.read()
    page = tail.rfind(b"OggS")
    lacing_start = page + _OGG_PAGE_HEADER_BYTES
    if page < 0 or len(tail) < lacing_start:
        return size_bytes + 1
    lacing = tail[lacing_start : lacing_start + tail[lacing_start - 1]]
    return start + lacing_start + tail[lacing_start - 1] + sum(lacing)


_UNKNOWN_SIZE = -1
_EBML_SIZE_MAX_BYTES = 8


def _webm_end(file: io.BufferedIOBase, size_bytes: int) -> int:
    """Where the Segment promises to end; recorders that write as they record leave its size open."""
    segment_bytes = _webm_segment_bytes(file)
    return 0 if segment_bytes == _UNKNOWN_SIZE else min(file.tell(), size_bytes) + segment_bytes


def _webm_segment_bytes(file: io.BufferedIOBase) -> int:
    """Leaves `file` where the Segment begins."""
    file.seek(4)
    header_bytes = _ebml_size(file)
    file.seek(header_bytes + 4, os.SEEK_CUR)
    return _ebml_size(file)


def _ebml_size(file: io.BufferedIOBase) -> int:
    """A size of EBML: as many leading zero bits as bytes follow, all ones = unknown."""
    first = file.read(1)
    more_bytes = _EBML_SIZE_MAX_BYTES - first[0].bit_length() if first else 0
    if not first or more_bytes == _EBML_SIZE_MAX_BYTES:
        return 0
    bits = 7 * (more_bytes + 1)
    value = int.from_bytes(first + file.read(more_bytes)) & ((1 << bits) - 1)
    return _UNKNOWN_SIZE if value == (1 << bits) - 1 else value


_ENDS = {WAV.name: _wav_end, OGG.name: _ogg_end, WEBM.name: _webm_end}
