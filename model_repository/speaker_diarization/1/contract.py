"""What a request may say: its tensors and parameters become a recording and what is asked about it."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

import numpy as np
import numpy.typing as npt
import wire
from refusal import Refusal

Tensor = npt.NDArray[np.object_]

MAX_SPEAKERS = 256
SPEAKER_BOUNDS = ("min_speakers", "max_speakers")
INCLUDES = ("exclusive", "embeddings")
PARAMETERS = (*SPEAKER_BOUNDS, "include")


def recording(audio: Tensor | None, max_request_bytes: int) -> bytes:
    """The recording inside AUDIO_DATA.

    Raises:
        Refusal: the tensor is missing, is not one string, or does not hold base64 of 1 to `max_request_bytes` bytes.
    """
    if audio is None:
        raise _invalid("AUDIO_DATA is missing; send a recording in base64.")
    encoded = _only_string("AUDIO_DATA", audio)
    size_bytes = len(encoded) * 3 // 4 - encoded[-2:].count(b"=")
    if size_bytes > max_request_bytes:
        raise _invalid(
            f"The recording has {size_bytes} bytes; at most {max_request_bytes} are allowed (maxRequestBytes). "
            "Send it compressed (FLAC or Opus), or in parts."
        )
    if not encoded:
        raise _invalid("AUDIO_DATA is empty; send a recording in base64.")
    return _decoded(encoded)


def asked(num_speakers: Tensor | None, parameters: str) -> dict[str, Any]:
    """What the request asks for, as the wire's `asked`; `parameters` are the request's own, as JSON.

    Raises:
        Refusal: NUM_SPEAKERS or a parameter is not what the contract allows, or they contradict each other.
    """
    given: dict[str, Any] = json.loads(parameters or "{}")
    if unknown := sorted(set(given) - set(PARAMETERS)):
        raise _invalid(f"Unknown parameter {', '.join(unknown)}; there are: {', '.join(PARAMETERS)}.")
    wanted: dict[str, Any] = {name: _bound(name, given[name]) for name in SPEAKER_BOUNDS if name in given}
    if (count := _speaker_count(num_speakers)) is not None:
        wanted["num_speakers"] = count
    if includes := _includes(given.get("include", "")):
        wanted["include"] = includes
    _refuse_contradiction(wanted)
    return wanted


def _only_string(name: str, tensor: Tensor) -> bytes:
    if tensor.shape != (1, 1):
        raise _invalid(f"{name} has the shape {list(tensor.shape)}; send one recording per request: [1, 1].")
    return tensor.item()


def _decoded(encoded: bytes) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise _invalid(
            f"AUDIO_DATA is not base64 ({error}); encode the file's bytes in one line, as `base64 -w0 FILE` does."
        ) from error


def _speaker_count(tensor: Tensor | None) -> int | None:
    text = b"" if tensor is None else _only_string("NUM_SPEAKERS", tensor)
    if not text:
        return None
    if (count := _whole_number(text)) is None:
        shown = text[:20].decode(errors="replace")
        raise _invalid(
            f'NUM_SPEAKERS is "{shown}"; it must be a whole number from 1 to {MAX_SPEAKERS}, or "" to find out.'
        )
    return count


def _bound(name: str, value: object) -> int:
    number = None if isinstance(value, bool) else _whole_number(str(value).encode())
    if number is None:
        raise _invalid(f"{name} is {json.dumps(value)[:40]}; it must be a whole number from 1 to {MAX_SPEAKERS}.")
    return number


_MOST_DIGITS = len(str(MAX_SPEAKERS))


def _whole_number(text: bytes) -> int | None:
    """A number from 1 to MAX_SPEAKERS written in plain digits; None = it is something else."""
    if not text.isdigit() or len(text) > _MOST_DIGITS:  # int() of a million digits takes its time
        return None
    return int(text) if 1 <= int(text) <= MAX_SPEAKERS else None


def _includes(value: object) -> list[str]:
    names = [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else [str(value)]
    if unknown := [name for name in names if name not in INCLUDES]:
        raise _invalid(f"include names {', '.join(unknown)[:40]}; it may list: {', '.join(INCLUDES)}.")
    return sorted(set(names))


def _refuse_contradiction(wanted: dict[str, Any]) -> None:
    low, high = (wanted.get(name) for name in SPEAKER_BOUNDS)
    if low is not None and high is not None and low > high:
        raise _invalid(f"min_speakers ({low}) is larger than max_speakers ({high}).")
    count = wanted.get("num_speakers")
    if count is not None and not (low or 1) <= count <= (high or MAX_SPEAKERS):
        raise _invalid(f"NUM_SPEAKERS ({count}) contradicts min_speakers or max_speakers; send the one or the others.")


def _invalid(sentence: str) -> Refusal:
    return Refusal(wire.INVALID_ARGUMENT, sentence)
