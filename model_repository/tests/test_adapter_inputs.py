"""The adapter's inputs: encodings of AUDIO_DATA, its size limit, and NUM_SPEAKERS."""

from __future__ import annotations

import base64
import re

import inputs
import numpy as np
import pytest
import wire
from request_error import RequestError
from sd_harness.engine.recordings import FORMATS, encode, sweep, wav

LIMIT_BYTES = 1000
EVERY_BYTE = bytes(range(256)) * 3
URL_SAFE = b"\xfb\xff\xbf\x00" * 50
"""Its base64 has the characters 62 and 63 of the alphabet, which URL-safe base64 writes as - and _."""


def tensor(*strings: bytes) -> inputs.Tensor:
    return np.array([[string] for string in strings], dtype=np.object_)


def recording(content: bytes) -> bytes:
    return inputs.recording(tensor(content), LIMIT_BYTES)


def error(audio: inputs.Tensor | None) -> str:
    with pytest.raises(RequestError) as raised:
        inputs.recording(audio, LIMIT_BYTES)
    assert raised.value.code == wire.INVALID_ARGUMENT
    return str(raised.value)


def base64_with_crlf(content: bytes) -> bytes:
    return base64.encodebytes(content).replace(b"\n", b"\r\n")


def base64_with_spaces(content: bytes) -> bytes:
    return base64.encodebytes(content).replace(b"\n", b" ")


def url_safe_base64_without_padding(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def data_url(content: bytes) -> bytes:
    return b"data:audio/wav;base64," + base64.b64encode(content)


def data_url_with_parameters(content: bytes) -> bytes:
    return b'DATA:audio/webm;codecs="opus";Base64,' + base64.encodebytes(content)


ENCODINGS = [
    base64.b64encode,
    base64.encodebytes,
    base64_with_crlf,
    base64_with_spaces,
    base64.urlsafe_b64encode,
    url_safe_base64_without_padding,
    data_url,
    data_url_with_parameters,
]


@pytest.mark.parametrize("content", [URL_SAFE, URL_SAFE + b"1", URL_SAFE + b"12", EVERY_BYTE, b"\xff" * LIMIT_BYTES])
@pytest.mark.parametrize("encoded", ENCODINGS)
def test_every_encoding_of_a_recording_is_decoded(encoded: object, content: bytes) -> None:
    assert recording(encoded(content)) == content  # type: ignore[operator]


@pytest.mark.parametrize("content", [b"R", b"RI", b"RIF", b"RIFF"])
def test_short_base64_is_decoded(content: bytes) -> None:
    assert recording(base64.b64encode(content)) == content


@pytest.mark.parametrize("content", [b"\x00", EVERY_BYTE, b"RIFF$\x00\x00\x00WAVEfmt ", b"not base64!", b"\xff" * 1000])
def test_other_content_is_a_recording_as_it_is(content: bytes) -> None:
    assert recording(content) == content


@pytest.mark.parametrize("name", FORMATS)
def test_the_raw_bytes_of_every_audio_format_are_taken_as_they_are(name: str) -> None:
    file = encode(wav(sweep(1.0)), FORMATS[name])
    assert inputs.recording(tensor(file), len(file)) == file


def test_a_recording_of_any_size_is_recognized_as_raw() -> None:
    """The sizes in a WAV header are the only bytes of its start that depend on the recording."""
    letters = b"ABab+/09"
    header = b"RIFF" + letters[:4] + b"WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00"
    assert recording(header) == header


@pytest.mark.parametrize(
    ("audio", "message"),
    [
        (None, "AUDIO_DATA is missing; send a recording, as raw bytes or in base64."),
        (tensor(b""), "AUDIO_DATA is empty; send a recording, as raw bytes or in base64."),
        (tensor(b" \r\n"), "AUDIO_DATA is empty; send a recording, as raw bytes or in base64."),
        (tensor(b"data:;base64,"), "AUDIO_DATA is empty; send a recording, as raw bytes or in base64."),
        (tensor(b"UklG", b"UklG"), "AUDIO_DATA has the shape [2, 1]; send one recording per request: [1, 1]."),
        (tensor(b"UklG")[0], "AUDIO_DATA has the shape [1]; send one recording per request: [1, 1]."),
        (tensor(b"UklGU"), "AUDIO_DATA is not base64 ("),
        (tensor(b"Ukl"), "AUDIO_DATA is not base64 (Incorrect padding), although it starts like it"),
        (
            tensor(b"UklG" * 20 + b"*"),
            "AUDIO_DATA is not base64 (Only base64 data is allowed), although it starts like",
        ),
        (tensor(b"data:audio/wav,UklG"), "AUDIO_DATA is a data: URL without base64; write it as data:audio/wav;base64"),
        (tensor(b"data:" + b"x" * 1000), "AUDIO_DATA is a data: URL without base64; write it as data:audio/wav;base64"),
    ],
)
def test_an_invalid_recording_is_rejected_with_a_message(audio: inputs.Tensor | None, message: str) -> None:
    assert error(audio).startswith(message)


@pytest.mark.parametrize("encoded", [*ENCODINGS, bytes])
def test_a_recording_over_the_limit_is_rejected_by_its_size_in_bytes(encoded: object) -> None:
    content = (b"\xfb\xff\xbf" * LIMIT_BYTES)[: LIMIT_BYTES + 1]
    pattern = r"The recording has (\d+) bytes; at most 1000 are allowed \(maxRequestBytes\)\. Send it compressed"
    found = re.match(pattern, error(tensor(encoded(content))))  # type: ignore[operator]
    assert found
    assert abs(int(found[1]) - 1001) <= 1


@pytest.mark.parametrize(
    ("num_speakers", "text"), [(None, ""), (tensor(b""), ""), (tensor(b"two"), "two"), (tensor(b"\xff2"), "\ufffd2")]
)
def test_num_speakers_is_passed_on_unchecked(num_speakers: inputs.Tensor | None, text: str) -> None:
    assert inputs.num_speakers(num_speakers) == text


def test_num_speakers_of_two_recordings_is_rejected() -> None:
    with pytest.raises(RequestError) as raised:
        inputs.num_speakers(tensor(b"2", b"2"))
    assert str(raised.value) == "NUM_SPEAKERS has the shape [2, 1]; send one recording per request: [1, 1]."
