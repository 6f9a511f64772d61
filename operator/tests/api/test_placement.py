"""Operators of node requirements, pod requirements and tolerations. Tests of api/placement.py."""

import pytest
from pydantic import ValidationError
from sd_operator.api.placement import NodeRequirement, PodRequirement, Toleration

NODE_REQUIREMENTS = [
    ("In", ["a"], True),
    ("In", [], False),
    ("NotIn", ["a", "b"], True),
    ("Exists", [], True),
    ("Exists", ["a"], False),
    ("DoesNotExist", ["a"], False),
    ("Gt", ["16000"], True),
    ("Lt", ["9" * 18], True),
    ("Lt", ["9" * 19], False),
    ("Gt", ["a"], False),
    ("Gt", ["1", "2"], False),
    ("Gt", [], False),
]


@pytest.mark.parametrize(("operator", "values", "valid"), NODE_REQUIREMENTS)
def test_values_of_a_node_requirement(operator: str, values: list[str], *, valid: bool) -> None:
    requirement = {"key": "pool", "operator": operator, "values": values}
    if valid:
        assert NodeRequirement.model_validate(requirement).values == values
    else:
        with pytest.raises(ValidationError, match="operator"):
            NodeRequirement.model_validate(requirement)


@pytest.mark.parametrize(("operator", "values"), [("Gt", ["1"]), ("In", []), ("Exists", ["a"])])
def test_invalid_pod_requirement(operator: str, values: list[str]) -> None:
    with pytest.raises(ValidationError, match="operator"):
        PodRequirement.model_validate({"key": "app", "operator": operator, "values": values})


@pytest.mark.parametrize(
    ("toleration", "message"),
    [
        ({}, "must have operator Exists"),
        ({"key": "a", "operator": "Exists", "value": "b"}, "must not have a value"),
        ({"key": "a", "effect": "NoSchedule", "tolerationSeconds": 1}, "without effect NoExecute"),
    ],
)
def test_invalid_toleration(toleration: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Toleration.model_validate(toleration)
