"""What callers may ask for beside the recording."""

from __future__ import annotations

from typing import Any

import pytest
from sd_engine.errors import InvalidArgumentError
from sd_engine.transport.options import Asked


@pytest.mark.parametrize(
    ("asked", "bounds"),
    [
        ({}, {}),
        ({"num_speakers": 2}, {"num_speakers": 2}),
        ({"num_speakers": 256}, {"num_speakers": 256}),
        ({"min_speakers": 2, "max_speakers": 2}, {"min_speakers": 2, "max_speakers": 2}),
    ],
)
def test_counts_go_to_pyannote_as_they_are(asked: dict[str, Any], bounds: dict[str, int]) -> None:
    assert Asked.from_message(asked).bounds() == bounds


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"num_speakers": 0}, "num_speakers is 0; it must be a whole number from 1 to 256."),
        ({"num_speakers": -1}, "num_speakers is -1; it must be a whole number from 1 to 256."),
        ({"num_speakers": 1000}, "num_speakers is 1000; it must be a whole number from 1 to 256."),
        ({"num_speakers": "two"}, "num_speakers is 'two'; it must be a whole number from 1 to 256."),
        ({"max_speakers": 2.5}, "max_speakers is 2.5; it must be a whole number from 1 to 256."),
        ({"min_speakers": True}, "min_speakers is True; it must be a whole number from 1 to 256."),
        ({"min_speakers": 3, "max_speakers": 2}, "min_speakers (3) is greater than max_speakers (2)."),
        ({"include": ["words", "exclusive"]}, "include names words; known are: exclusive, embeddings."),
    ],
)
def test_what_cannot_be_meant_is_refused(asked: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        Asked.from_message(asked)

    assert str(refused.value) == sentence
