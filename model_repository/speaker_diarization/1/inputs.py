"""The inputs of a request: the recording's bytes and the text of NUM_SPEAKERS.

AUDIO_DATA holds a recording as its raw bytes or in base64: standard or URL-safe letters, with or without line breaks,
also as a `data:` URL. The first bytes tell the two apart: every supported audio format has bytes that do not occur in
base64 within its first 17 bytes, such as the zeros in the sizes of a header.

The values of options are checked by the engine.
"""

from __future__ import annotations

import binascii

import numpy as np
import numpy.typing as npt
import wire
from request_error import invalid_argument

Tensor = npt.NDArray[np.object_]

_WHITESPACE = b" \t\r\n"
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=" + _WHITESPACE
_STANDARD_LETTERS = bytes.maketrans(b"-_", b"+/")
_SNIFFED_BYTES = 64
_MAX_DATA_URL_HEADER_BYTES = 256


def recording(audio: Tensor | None, max_request_bytes: int) -> bytes:
    """Return the bytes of the recording in AUDIO_DATA.

    Raises:
        RequestError: the tensor is missing, empty or not a single string, its base64 is invalid, or the recording has
            more than `max_request_bytes` bytes.
    """
    if audio is None:
        raise invalid_argument("AUDIO_DATA is missing; send a recording, as raw bytes or in base64.")
    content = _single_string("AUDIO_DATA", audio)
    decoded = _decode(content, max_request_bytes) if _is_text(content) else content
    if not decoded:
        raise invalid_argument("AUDIO_DATA is empty; send a recording, as raw bytes or in base64.")
    _check_size(len(decoded), max_request_bytes)
    return decoded


def num_speakers(tensor: Tensor | None) -> str:
    """Return the text of NUM_SPEAKERS, empty if the tensor is absent.

    Raises:
        RequestError: the tensor is not a single string.
    """
    return "" if tensor is None else _single_string("NUM_SPEAKERS", tensor).decode(errors="replace")


def _single_string(name: str, tensor: Tensor) -> bytes:
    if tensor.shape != (1, 1):
        raise invalid_argument(f"{name} has the shape {list(tensor.shape)}; send one recording per request: [1, 1].")
    return tensor.item()


def _is_text(content: bytes) -> bool:
    """Return True if the content starts as base64 or as a `data:` URL does."""
    start = content[:_SNIFFED_BYTES]
    return _is_data_url(start) or not start.translate(None, _BASE64)


def _is_data_url(start: bytes) -> bool:
    return start[:5].lower() == b"data:"


def _decode(text: bytes, max_request_bytes: int) -> bytes:
    start = _data_url_header_bytes(text)
    _check_size(_decoded_bytes(text, start, max_request_bytes), max_request_bytes)
    try:
        return binascii.a2b_base64(memoryview(text)[start:], strict_mode=True)
    except binascii.Error:  # perhaps because of line breaks or URL-safe letters, whose removal costs a copy
        return _decode_variant(text[start:])


def _data_url_header_bytes(text: bytes) -> int:
    """Return the length of the header of a `data:` URL, 0 if the text is not one."""
    start = text[:_MAX_DATA_URL_HEADER_BYTES]
    if not _is_data_url(start):
        return 0
    header, comma, _ = start.partition(b",")
    if not comma or not header.lower().endswith(b";base64"):
        raise invalid_argument("AUDIO_DATA is a data: URL without base64; write it as data:audio/wav;base64,….")
    return len(header) + 1


def _decoded_bytes(text: bytes, start: int, max_request_bytes: int) -> int:
    """Return the size of the decoded text; whitespace, which takes time to count, only matters for large ones."""
    letters = len(text) - start - text[-4:].count(b"=")
    if letters * 3 // 4 > max_request_bytes:
        letters -= sum(text.count(character, start) for character in _WHITESPACE)
    return letters * 3 // 4


def _decode_variant(encoded: bytes) -> bytes:
    """Decode base64 with whitespace or with URL-safe letters, which are usually written without padding."""
    text = encoded.translate(_STANDARD_LETTERS, _WHITESPACE)
    if b"-" in encoded or b"_" in encoded:
        text += b"=" * (-len(text) % 4)
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except binascii.Error as error:
        raise invalid_argument(
            f"AUDIO_DATA is not base64 ({error}), although it starts like it; send the file's raw bytes, or base64 "
            "as `base64 FILE` writes it."
        ) from error


def _check_size(size_bytes: int, max_request_bytes: int) -> None:
    if size_bytes > max_request_bytes:
        raise invalid_argument(wire.recording_too_large(size_bytes, max_request_bytes))
