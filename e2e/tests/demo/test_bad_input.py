"""An invalid request is rejected with a status and a message, and affects no other request."""

import base64
import json
import struct
from typing import Any

import pytest
from sd_harness.cluster.inference_client import (
    URL,
    bytes_input,
    diarize,
    get_text,
    request_body,
    send,
    send_concurrently,
)

TEXT = b"Dear sir or madam, this is not a recording at all.\n" * 40
PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nhttp://127.0.0.1:9/secret.wav\n#EXT-X-ENDLIST\n"


def _wav_header(samples: int) -> bytes:
    size_bytes = 2 * samples
    form = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 36 + size_bytes, b"WAVE", b"fmt ", 16, 1, 1, 16000, 32000, 2, 16)
    return form + struct.pack("<4sI", b"data", size_bytes)


def _request_with_input(recording: bytes, **changes: Any) -> dict[str, Any]:
    body = request_body(recording)
    body["inputs"][0].update(changes)
    return body


@pytest.fixture(scope="module")
def five_hours() -> bytes:
    """Five hours of 8-bit 1 kHz silence: 18 MB, longer than the demo's four hours."""
    samples = 5 * 3600 * 1000
    header = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 36 + samples, b"WAVE", b"fmt ", 16, 1, 1, 1000, 1000, 1, 8)
    return header + struct.pack("<4sI", b"data", samples) + b"\x80" * samples


INVALID: dict[str, tuple[Any, int, str]] = {
    "text": (lambda clip: _request_with_input(clip, data=["this is *not* base64"]), 400, "WAV, FLAC, MP3"),
    "damaged base64": (lambda clip: _request_with_input(clip, data=["UklG" * 20 + "*"]), 400, "not base64"),
    "base64 of text": (lambda _: request_body(TEXT), 400, "WAV, FLAC, MP3"),
    "empty": (lambda _: request_body(b""), 400, "empty"),
    "a truncated file": (lambda clip: request_body(clip[: len(clip) // 2]), 400, "truncated"),
    "a header alone": (lambda _: request_body(_wav_header(16000)), 400, "truncated"),
    "a playlist named .wav": (lambda _: request_body(PLAYLIST), 400, "WAV, FLAC, MP3"),
    "no speakers": (lambda clip: request_body(clip, "0"), 400, "1 to 256"),
    "fewer than no speakers": (lambda clip: request_body(clip, "-1"), 400, "1 to 256"),
    "speakers in words": (lambda clip: request_body(clip, "two"), 400, "1 to 256"),
    "a thousand speakers": (lambda clip: request_body(clip, "1000"), 400, "1 to 256"),
    "two recordings in one request": (
        lambda clip: _request_with_input(clip, shape=[2, 1], data=[base64.b64encode(clip).decode()] * 2),
        400,
        "[1, 1]",
    ),
    "no recording": (
        lambda _: {"inputs": [bytes_input("NUM_SPEAKERS", "2")]},
        400,
        "AUDIO_DATA is missing",
    ),
    "an unknown parameter": (lambda clip: request_body(clip, speed=2), 400, "speed"),
    "contradicting bounds": (
        lambda clip: request_body(clip, min_speakers=3, max_speakers=2),
        400,
        "min_speakers",
    ),
    "a number of speakers outside of the bounds": (
        lambda clip: request_body(clip, "2", min_speakers=3),
        400,
        "NUM_SPEAKERS (2) is less than min_speakers (3)",
    ),
}


@pytest.mark.parametrize("name", INVALID)
def test_an_invalid_request_is_rejected_with_a_message_and_the_server_stays_ready(name: str, clip: bytes) -> None:
    body, status, words = INVALID[name]
    response = send(body(clip))
    assert (response.status, words in response.error_message) == (status, True), response
    assert response.error_message.endswith(".")
    assert get_text(URL + "/v2/health/ready") == ""


def test_a_too_long_recording_is_rejected_with_the_limit(five_hours: bytes) -> None:
    response = diarize(five_hours)
    assert response.status == 400
    assert "maxAudioDuration" in response.error_message
    assert "14400" in response.error_message


def test_invalid_requests_do_not_affect_valid_ones_in_the_same_batch(short_clip: bytes) -> None:
    alone = diarize(short_clip).timeline
    responses = send_concurrently([request_body(short_clip), request_body(TEXT)] * 10)
    valid, invalid = responses[::2], responses[1::2]
    assert [json.dumps(response.timeline) for response in valid] == [json.dumps(alone)] * 10
    assert [response.status for response in invalid] == [400] * 10
