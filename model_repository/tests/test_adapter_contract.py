"""What the adapter lets through to the engine, and how it refuses the rest."""

from __future__ import annotations

import base64
import json

import contract
import numpy as np
import pytest
import wire
from refusal import Refusal

LIMIT_BYTES = 1000


def tensor(*strings: bytes) -> contract.Tensor:
    return np.array([[string] for string in strings], dtype=np.object_)


@pytest.mark.parametrize("content", [b"R", b"RIFF", bytes(range(256)), b"x" * LIMIT_BYTES])
def test_a_recording_is_what_was_encoded(content: bytes) -> None:
    assert contract.recording(tensor(base64.b64encode(content)), LIMIT_BYTES) == content


@pytest.mark.parametrize(
    ("audio", "sentence"),
    [
        (None, "AUDIO_DATA is missing; send a recording in base64."),
        (tensor(b""), "AUDIO_DATA is empty; send a recording in base64."),
        (tensor(b"UklG", b"UklG"), "AUDIO_DATA has the shape [2, 1]; send one recording per request: [1, 1]."),
        (tensor(b"UklG")[0], "AUDIO_DATA has the shape [1]; send one recording per request: [1, 1]."),
        (tensor(b"not base64!"), "AUDIO_DATA is not base64 (Only base64 data is allowed); encode the file's bytes"),
        (tensor(b"UklG\nUklG"), "AUDIO_DATA is not base64 (Only base64 data is allowed); encode the file's bytes"),
        (tensor(b"UklGU"), "AUDIO_DATA is not base64 ("),
        (tensor(b"Ukl"), "AUDIO_DATA is not base64 (Incorrect padding)"),
        (
            tensor(base64.b64encode(b"x" * (LIMIT_BYTES + 1))),
            "The recording has 1001 bytes; at most 1000 are allowed (maxRequestBytes).",
        ),
    ],
)
def test_what_is_no_recording_is_refused_with_a_sentence(audio: contract.Tensor | None, sentence: str) -> None:
    assert sentence in refusal_of(lambda: contract.recording(audio, LIMIT_BYTES))


@pytest.mark.parametrize(
    ("num_speakers", "parameters", "asked"),
    [
        (None, {}, {}),
        (tensor(b""), {}, {}),
        (tensor(b"1"), {}, {"num_speakers": 1}),
        (tensor(b"256"), {}, {"num_speakers": 256}),
        (None, {"min_speakers": 2, "max_speakers": "4"}, {"min_speakers": 2, "max_speakers": 4}),
        (tensor(b"3"), {"max_speakers": 3}, {"num_speakers": 3, "max_speakers": 3}),
        (None, {"include": "exclusive"}, {"include": ["exclusive"]}),
        (None, {"include": "exclusive, embeddings"}, {"include": ["embeddings", "exclusive"]}),
        (None, {"include": ""}, {}),
    ],
)
def test_what_is_asked_reaches_the_engine(
    num_speakers: contract.Tensor | None, parameters: dict[str, object], asked: dict[str, object]
) -> None:
    assert contract.asked(num_speakers, json.dumps(parameters)) == asked


def test_no_parameters_at_all_ask_for_nothing() -> None:
    assert contract.asked(None, "") == {}


@pytest.mark.parametrize("text", ["0", "-1", "two", "257", "1000", "0001000", "99999999999", "2.0", " 2", "\u0662"])
def test_a_wrong_number_of_speakers_is_refused(text: str) -> None:
    sentence = refusal_of(lambda: contract.asked(tensor(text.encode()), ""))
    shown = text[:20]
    assert sentence == f'NUM_SPEAKERS is "{shown}"; it must be a whole number from 1 to 256, or "" to find out.'


@pytest.mark.parametrize(
    ("num_speakers", "parameters", "sentence"),
    [
        (tensor(b"2", b"2"), {}, "NUM_SPEAKERS has the shape [2, 1]; send one recording per request: [1, 1]."),
        (None, {"speakers": 2}, "Unknown parameter speakers; there are: min_speakers, max_speakers, include."),
        (None, {"b": 1, "a": 1}, "Unknown parameter a, b; there are: min_speakers, max_speakers, include."),
        (None, {"min_speakers": 0}, "min_speakers is 0; it must be a whole number from 1 to 256."),
        (None, {"min_speakers": "00015"}, 'min_speakers is "00015"; it must be a whole number from 1 to 256.'),
        (None, {"min_speakers": "x"}, 'min_speakers is "x"; it must be a whole number from 1 to 256.'),
        (None, {"max_speakers": True}, "max_speakers is true; it must be a whole number from 1 to 256."),
        (None, {"max_speakers": 2.0}, "max_speakers is 2.0; it must be a whole number from 1 to 256."),
        (None, {"include": "words"}, "include names words; it may list: exclusive, embeddings."),
        (None, {"include": 1}, "include names 1; it may list: exclusive, embeddings."),
        (None, {"min_speakers": 3, "max_speakers": 2}, "min_speakers (3) is larger than max_speakers (2)."),
        (tensor(b"2"), {"min_speakers": 3}, "NUM_SPEAKERS (2) contradicts min_speakers or max_speakers; send the"),
        (tensor(b"5"), {"max_speakers": 4}, "NUM_SPEAKERS (5) contradicts min_speakers or max_speakers; send the"),
    ],
)
def test_a_wrong_question_is_refused_with_a_sentence(
    num_speakers: contract.Tensor | None, parameters: dict[str, object], sentence: str
) -> None:
    assert refusal_of(lambda: contract.asked(num_speakers, json.dumps(parameters))).startswith(sentence)


def refusal_of(call: object) -> str:
    with pytest.raises(Refusal) as refused:
        call()  # type: ignore[operator]
    assert refused.value.kind == wire.INVALID_ARGUMENT
    return refused.value.sentence
