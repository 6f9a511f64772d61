"""Schemas for kubeconform: unknown fields are rejected; quantities may be numbers or text."""

from typing import Any

import pytest
from sd_kit import optional_kinds, schemas


def test_an_unknown_field_is_rejected() -> None:
    result = schemas.strict({"type": "object", "properties": {"replicas": {"type": "integer"}}})
    assert result["additionalProperties"] is False
    assert result["properties"] == {"replicas": {"type": "integer"}}


def test_nested_schemas_are_strict() -> None:
    inner = {"type": "object", "properties": {"name": {"type": "string"}}}
    result = schemas.strict({"type": "array", "items": inner})
    assert result["items"]["additionalProperties"] is False
    result = schemas.strict({"type": "object", "additionalProperties": inner})
    assert result["additionalProperties"]["additionalProperties"] is False


def test_references_point_into_the_file_of_definitions() -> None:
    assert schemas.strict({"$ref": "#/definitions/Pod"}) == {"$ref": "_definitions.json#/definitions/Pod"}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "format": "int-or-string"},
        {"x-kubernetes-int-or-string": True, "maxLength": 32},
        {"type": "string", "description": "Quantity is a fixed-point representation of a number."},
    ],
)
def test_a_quantity_may_be_a_number_or_text(schema: dict[str, Any]) -> None:
    assert schemas.strict(schema) == {"oneOf": [{"type": "string"}, {"type": "number"}]}


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ({"group": "apps", "version": "v1", "kind": "Deployment"}, "deployment-apps-v1.json"),
        ({"group": "", "version": "v1", "kind": "Service"}, "service-v1-v1.json"),
    ],
)
def test_a_schema_has_the_file_name_that_kubeconform_requests(kind: dict[str, str], name: str) -> None:
    assert schemas.file_name(kind) == name


def test_each_version_of_a_definition_has_a_strict_schema() -> None:
    spec = {"type": "object", "properties": {"replicas": {"type": "integer"}}}
    version = {"schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}}
    names = {"group": "keda.sh", "names": {"kind": "ScaledObject"}}
    result = schemas.custom_kinds({"spec": {**names, "versions": [{"name": name, **version} for name in ("v1", "v2")]}})
    assert [schemas.file_name(kind) for kind, _ in result] == [
        "scaledobject-keda.sh-v1.json",
        "scaledobject-keda.sh-v2.json",
    ]
    for _, schema in result:
        assert schema["properties"].keys() == {"apiVersion", "kind", "metadata", "spec"}
        assert schema["properties"]["spec"]["additionalProperties"] is False


def test_optional_kinds_come_from_modules_of_a_fixed_version() -> None:
    assert optional_kinds.DEFINITIONS
    assert [module for module in optional_kinds.DEFINITIONS if "@v" not in module] == []
