"""The options of a request: accepted values, and the messages for invalid ones."""

from __future__ import annotations

from typing import Any

import pytest
from sd_engine.errors import InvalidArgumentError
from sd_engine.transport.options import Options

NOT_A_COUNT = 'it must be a whole number from 1 to 256, or "" to determine the number of speakers.'


def options(num_speakers: str = "", **parameters: Any) -> Options:
    return Options.from_message({"num_speakers": num_speakers, "parameters": parameters})


def error(num_speakers: str, parameters: dict[str, Any]) -> str:
    with pytest.raises(InvalidArgumentError) as raised:
        options(num_speakers, **parameters)
    return str(raised.value)


@pytest.mark.parametrize(
    ("num_speakers", "parameters", "arguments"),
    [
        ("", {}, {}),
        ("1", {}, {"num_speakers": 1}),
        ("256", {}, {"num_speakers": 256}),
        ("", {"min_speakers": 2, "max_speakers": 2}, {"min_speakers": 2, "max_speakers": 2}),
        ("", {"min_speakers": 2, "max_speakers": "4"}, {"min_speakers": 2, "max_speakers": 4}),
        ("", {"min_speakers": "3"}, {"min_speakers": 3}),
        ("3", {"min_speakers": 2, "max_speakers": 4}, {"num_speakers": 3}),
        ("3", {"min_speakers": 3}, {"num_speakers": 3}),
        ("3", {"max_speakers": "3"}, {"num_speakers": 3}),
    ],
)
def test_speaker_counts_become_arguments_of_the_pipeline(
    num_speakers: str, parameters: dict[str, Any], arguments: dict[str, int]
) -> None:
    assert options(num_speakers, **parameters).pipeline_arguments() == arguments


def test_a_message_without_options_has_the_defaults() -> None:
    assert Options.from_message({}) == Options()


@pytest.mark.parametrize(
    ("include", "names"),
    [
        ("", set()),
        ("exclusive", {"exclusive"}),
        ("embeddings,exclusive", {"exclusive", "embeddings"}),
        (" exclusive , embeddings,,exclusive", {"exclusive", "embeddings"}),
    ],
)
def test_include_is_a_comma_separated_list(include: str, names: set[str]) -> None:
    assert options(include=include).include == names


@pytest.mark.parametrize("text", ["0", "-1", "two", "257", "1000", "0001000", "99999999999", "2.0", " 2", "\u0662"])
def test_a_wrong_number_of_speakers_is_rejected(text: str) -> None:
    assert error(text, {}) == f'NUM_SPEAKERS is "{text}"; {NOT_A_COUNT}'


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"min_speakers": 0}, "min_speakers is 0; it must be a whole number from 1 to 256."),
        ({"max_speakers": 257}, "max_speakers is 257; it must be a whole number from 1 to 256."),
        ({"min_speakers": "00015"}, 'min_speakers is "00015"; it must be a whole number from 1 to 256.'),
        ({"min_speakers": "x"}, 'min_speakers is "x"; it must be a whole number from 1 to 256.'),
        ({"max_speakers": True}, "max_speakers is true; it must be a whole number from 1 to 256."),
        ({"max_speakers": 2.0}, "max_speakers is 2.0; it must be a whole number from 1 to 256."),
        ({"include": "words"}, "include lists words, which is unknown; it may list: exclusive, embeddings."),
        ({"include": "words,exclusive"}, "include lists words, which is unknown; it may list: exclusive, embeddings."),
        ({"include": 1}, "include lists 1, which is unknown; it may list: exclusive, embeddings."),
        ({"speakers": 2}, "Unknown parameter speakers; there are: min_speakers, max_speakers, include."),
        ({"b": 1, "a": 1}, "Unknown parameter a, b; there are: min_speakers, max_speakers, include."),
    ],
)
def test_a_wrong_parameter_is_rejected_by_name(parameters: dict[str, Any], message: str) -> None:
    assert error("", parameters) == message


@pytest.mark.parametrize(
    ("num_speakers", "parameters", "message"),
    [
        ("", {"min_speakers": 3, "max_speakers": 2}, "min_speakers (3) is greater than max_speakers (2)."),
        ("3", {"min_speakers": 3, "max_speakers": 2}, "min_speakers (3) is greater than max_speakers (2)."),
        ("2", {"min_speakers": 3}, "NUM_SPEAKERS (2) is less than min_speakers (3)."),
        ("5", {"max_speakers": 4}, "NUM_SPEAKERS (5) is greater than max_speakers (4)."),
    ],
)
def test_values_that_exclude_each_other_are_rejected(
    num_speakers: str, parameters: dict[str, Any], message: str
) -> None:
    assert error(num_speakers, parameters) == message


@pytest.mark.parametrize(
    ("num_speakers", "parameters"),
    [
        ("9" * 10_000, {}),
        ("", {"min_speakers": "9" * 10_000}),
        ("", {"include": "x" * 10_000}),
        ("", {"x" * 10_000: 1}),
    ],
)
def test_a_message_quotes_only_the_start_of_a_long_value(num_speakers: str, parameters: dict[str, Any]) -> None:
    assert len(error(num_speakers, parameters)) < 200
