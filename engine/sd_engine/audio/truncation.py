"""Detection of truncated files: FFmpeg reads a file that ends too early without an error.

WAV and WebM files declare the number of bytes that follow, and OGG pages declare their length: those are checked here.
FLAC and M4A files declare their duration, which is compared after decoding. MP3 and AAC files are plain sequences of
frames; a truncated one is a valid shorter file.
"""

from __future__ import annotations

import io
import os
import struct

from sd_engine.audio.formats import OGG_FILE, WAV_FILE, WEBM_FILE, ContainerFormat
from sd_engine.errors import InvalidArgumentError

TRUNCATED = "The recording is truncated"


def check_not_truncated(file: io.BufferedIOBase, container_format: ContainerFormat) -> None:
    """Compare the file's size with the end that its structure declares. Leaves `file` at its beginning.

    Raises:
        InvalidArgumentError: bytes are missing at the end.
    """
    size_bytes = file.seek(0, os.SEEK_END)
    declared_end = _DECLARED_END.get(container_format.name)
    missing_bytes = declared_end(file, size_bytes) - size_bytes if declared_end else 0
    file.seek(0)
    if missing_bytes > 0:
        raise InvalidArgumentError(f"{TRUNCATED} ({missing_bytes} bytes are missing); send the whole file.")


def has_unknown_size(file: io.BufferedIOBase, container_format: ContainerFormat) -> bool:
    """Return True if the writer of a WebM file left size and duration open. Leaves `file` at its beginning."""
    is_unknown = container_format is WEBM_FILE and _webm_segment_bytes(file) == _UNKNOWN_SIZE
    file.seek(0)
    return is_unknown


_PIPED_WAV_MIN_BYTES = 0x7FFFF000
"""Programs that write a WAV file into a pipe declare about the largest possible size, because they cannot know it."""


def _wav_end(file: io.BufferedIOBase, size_bytes: int) -> int:
    """Return the declared end of the `data` chunk; skip the chunks in front of it."""
    position = file.seek(12)
    while len(header := file.read(8)) == 8:  # noqa: PLR2004 - name and size, four bytes each
        name, chunk_bytes = struct.unpack("<4sI", header)
        if name == b"data":
            return 0 if chunk_bytes >= _PIPED_WAV_MIN_BYTES else position + 8 + chunk_bytes
        position = file.seek(position + 8 + chunk_bytes + chunk_bytes % 2)
    return max(position, size_bytes + 1)


_OGG_PAGE_HEADER_BYTES = 27
_MAX_OGG_PAGE_BYTES = _OGG_PAGE_HEADER_BYTES + 255 + 255 * 255


def _ogg_end(file: io.BufferedIOBase, size_bytes: int) -> int:
    """Return the end of the last page, from its segment table (RFC 3533)."""
    start = file.seek(max(0, size_bytes - _MAX_OGG_PAGE_BYTES))
    tail = file.read()
    page = tail.rfind(b"OggS")
    table_start = page + _OGG_PAGE_HEADER_BYTES
    if page < 0 or len(tail) < table_start:
        return size_bytes + 1
    segment_count = tail[table_start - 1]
    segment_table = tail[table_start : table_start + segment_count]
    return start + table_start + segment_count + sum(segment_table)


_UNKNOWN_SIZE = -1
_MAX_EBML_SIZE_BYTES = 8


def _webm_end(file: io.BufferedIOBase, size_bytes: int) -> int:
    """Return the declared end of the Segment; 0 = its size is unknown, as in a live recording."""
    segment_bytes = _webm_segment_bytes(file)
    return 0 if segment_bytes == _UNKNOWN_SIZE else min(file.tell(), size_bytes) + segment_bytes


def _webm_segment_bytes(file: io.BufferedIOBase) -> int:
    """Return the size of the Segment. Leaves `file` at the beginning of its content."""
    file.seek(4)
    header_bytes = _read_ebml_size(file)
    file.seek(header_bytes + 4, os.SEEK_CUR)
    return _read_ebml_size(file)


def _read_ebml_size(file: io.BufferedIOBase) -> int:
    """Read an EBML size: the number of leading zero bits is the number of further bytes; all ones = unknown."""
    first = file.read(1)
    further_bytes = _MAX_EBML_SIZE_BYTES - first[0].bit_length() if first else 0
    if not first or further_bytes == _MAX_EBML_SIZE_BYTES:
        return 0
    bits = 7 * (further_bytes + 1)
    size = int.from_bytes(first + file.read(further_bytes)) & ((1 << bits) - 1)
    return _UNKNOWN_SIZE if size == (1 << bits) - 1 else size


_DECLARED_END = {WAV_FILE.name: _wav_end, OGG_FILE.name: _ogg_end, WEBM_FILE.name: _webm_end}
