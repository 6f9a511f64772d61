"""Constrained strings and map keys have one constraint in Python and in the CRD."""

from typing import Annotated

import pytest
from pydantic import TypeAdapter, ValidationError
from sd_operator.api.string_types import MapKeys, StringPattern

Word = Annotated[str, StringPattern("[a-z]+(-[a-z]+)?", "must be a word", max_length=5)]
Words = Annotated[dict[str, str], MapKeys("[a-z]+", "each key must be a word", max_entries=2, max_key_length=3)]
Reserved = Annotated[dict[str, str], MapKeys("[a-z/]+", "reserved", max_entries=2, reserved_prefixes=("own/",))]


@pytest.mark.parametrize(
    ("text", "valid"),
    [("a", True), ("ab-cd", True), ("abcdef", False), ("", False), ("A", False), ("a\n", False), ("ab cd", False)],
)
def test_pattern_must_match_the_whole_string(text: str, *, valid: bool) -> None:
    if valid:
        assert TypeAdapter(Word).validate_python(text) == text
    else:
        with pytest.raises(ValidationError):
            TypeAdapter(Word).validate_python(text)


def test_pattern_becomes_an_anchored_rule() -> None:
    assert TypeAdapter(Word).json_schema() == {
        "type": "string",
        "minLength": 1,
        "maxLength": 5,
        "x-kubernetes-validations": [{"rule": "self.matches('^([a-z]+(-[a-z]+)?)$')", "message": "must be a word"}],
    }


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"a": "", "b": "", "c": ""}, "at most 2 entries"),
        ({"abcd": ""}, "each key must be a word"),
        ({"A": ""}, "each key must be a word"),
    ],
    ids=["too many", "too long", "wrong pattern"],
)
def test_invalid_map_is_rejected(entries: dict[str, str], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        TypeAdapter(Words).validate_python(entries)


def test_map_keys_become_one_rule() -> None:
    schema = TypeAdapter(Words).json_schema()
    assert schema["maxProperties"] == 2
    assert schema["x-kubernetes-validations"] == [
        {"rule": "self.all(key, key.size() <= 3 && key.matches('^([a-z]+)$'))", "message": "each key must be a word"}
    ]


def test_reserved_prefix_is_rejected_by_both() -> None:
    assert TypeAdapter(Reserved).validate_python({"other/a": ""}) == {"other/a": ""}
    with pytest.raises(ValidationError, match="reserved"):
        TypeAdapter(Reserved).validate_python({"own/a": ""})
    [rule] = TypeAdapter(Reserved).json_schema()["x-kubernetes-validations"]
    assert rule["rule"].endswith(" && !key.startsWith('own/'))")
