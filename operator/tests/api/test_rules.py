"""Rules of a spec object are validated in Python and written to the CRD as CEL."""

import pytest
from pydantic import Field, ValidationError
from sd_operator.api.rules import SpecPart, list_map, rule


class Range(SpecPart):
    """A range."""

    lower_bound: int = 0
    upper_bound: int = Field(default=1)

    @rule("lower must not exceed upper", cel="self.lowerBound <= self.upperBound")
    def _in_order(self) -> bool:
        return self.lower_bound <= self.upper_bound

    @rule("upper must be even or 1", cel="self.upperBound % 2 == 0 || self.upperBound == 1")
    def _even(self) -> bool:
        return self.upper_bound % 2 == 0 or self.upper_bound == 1


def test_rules_keep_their_order() -> None:
    assert [each.message for each in Range.rules()] == ["lower must not exceed upper", "upper must be even or 1"]


def test_all_violated_rules_are_reported() -> None:
    with pytest.raises(ValidationError, match="lower must not exceed upper; upper must be even or 1"):
        Range.model_validate({"lowerBound": 9, "upperBound": 3})
    with pytest.raises(ValidationError) as error:
        Range.model_validate({"upperBound": 3})
    assert "lower must not exceed upper" not in str(error.value)


def test_rules_are_cel_validations_in_the_schema() -> None:
    assert Range.model_json_schema()["x-kubernetes-validations"] == [
        {"rule": "self.lowerBound <= self.upperBound", "message": "lower must not exceed upper"},
        {"rule": "self.upperBound % 2 == 0 || self.upperBound == 1", "message": "upper must be even or 1"},
    ]


def test_field_names_are_camel_case_and_unknown_fields_are_ignored() -> None:
    assert Range.model_validate({"upperBound": 4, "step": 2}).model_dump(by_alias=True) == {
        "lowerBound": 0,
        "upperBound": 4,
    }


def test_list_map_names_its_keys() -> None:
    assert list_map("a", "b") == {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a", "b"]}
