"""The CRD has a structural schema with bounds, and its committed file is up to date."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from sd_operator.api import crd

COMMITTED = Path(__file__).parents[3] / "charts" / "sd-triton" / "files" / "crd.yaml"
FORBIDDEN = {
    "$ref", "$defs", "anyOf", "oneOf", "allOf", "const", "title", "nullable", "discriminator", "uniqueItems",
    "exclusiveMinimum", "exclusiveMaximum", "propertyNames", "patternProperties", "examples",
}  # fmt: skip
BOUNDS = {"string": "maxLength", "array": "maxItems"}

Schema = dict[str, Any]


def nodes(schema: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    """Yield every schema inside a schema with its path."""
    yield path, schema
    for name, child in schema.get("properties", {}).items():
        yield from nodes(child, f"{path}.{name}")
    for keyword in ("items", "additionalProperties"):
        if keyword in schema:
            yield from nodes(schema[keyword], f"{path}[]")


def part(name: str) -> list[tuple[str, Schema]]:
    """Return every schema of the spec or of the status with its path."""
    [version] = crd.crd()["spec"]["versions"]
    return [*nodes(version["schema"]["openAPIV3Schema"]["properties"][name], name)]


def test_committed_crd_is_up_to_date() -> None:
    assert COMMITTED.read_text() == crd.render(), "run tools/generate"


@pytest.mark.parametrize("name", ["spec", "status"])
def test_schema_has_no_keyword_that_a_crd_rejects(name: str) -> None:
    assert {path: FORBIDDEN & schema.keys() for path, schema in part(name) if FORBIDDEN & schema.keys()} == {}


@pytest.mark.parametrize("name", ["spec", "status"])
def test_every_string_list_and_map_has_a_bound(name: str) -> None:
    unbounded = [
        path
        for path, schema in part(name)
        if (schema.get("type") in BOUNDS and BOUNDS[schema["type"]] not in schema and "enum" not in schema)
        or ("additionalProperties" in schema and "maxProperties" not in schema)
    ]
    assert unbounded == []


@pytest.mark.parametrize("name", ["spec", "status"])
def test_every_node_has_a_type(name: str) -> None:
    assert [path for path, schema in part(name) if not {"type", "x-kubernetes-int-or-string"} & schema.keys()] == []


def test_defaults_of_objects_are_empty_and_defaults_of_values_are_constants() -> None:
    defaults = {path: schema["default"] for path, schema in part("spec") if "default" in schema}
    objects = {path for path, default in defaults.items() if default == {}}
    assert objects == {
        "spec.cache", "spec.serving", "spec.compute", "spec.compute.resources", "spec.autoscaling", "spec.network",
        "spec.network.service", "spec.network.policy", "spec.monitoring", "spec.podMetadata", "spec.images",
    }  # fmt: skip
    assert defaults["spec.replicas"] == 1
    assert defaults["spec.serving.maxRequestBytes"] == "64Mi"


@pytest.mark.parametrize("name", ["spec", "status"])
def test_every_field_has_a_description(name: str) -> None:
    undescribed = [
        f"{path}.{field}"
        for path, schema in part(name)
        for field, child in schema.get("properties", {}).items()
        if not child.get("description")
    ]
    assert undescribed == []


def test_every_rule_has_a_message_of_several_words() -> None:
    rules = [rule for _, schema in part("spec") for rule in schema.get("x-kubernetes-validations", ())]
    assert len(rules) > 50
    assert [rule["rule"] for rule in rules if len(rule["message"].split()) < 5] == []


def test_lists_of_objects_with_keys_are_map_lists() -> None:
    maps = {
        path: schema["x-kubernetes-list-map-keys"]
        for name in ("spec", "status")
        for path, schema in part(name)
        if schema.get("x-kubernetes-list-type") == "map"
    }
    assert maps == {
        "spec.compute.topologySpreadConstraints": ["topologyKey", "whenUnsatisfiable"],
        "spec.imagePullSecrets": ["name"],
        "status.conditions": ["type"],
        "status.outdatedModels": ["claimName", "pipeline"],
    }


def test_crd_fits_into_the_annotation_of_kubectl_apply() -> None:
    assert len(json.dumps(crd.crd())) < 262144 / 2


def test_short_names_scale_subresource_and_printer_columns() -> None:
    spec = yaml.safe_load(crd.render())["spec"]
    [version] = spec["versions"]
    assert spec["names"]["shortNames"] == ["diar", "dsvc"]
    assert version["subresources"]["scale"] == {
        "specReplicasPath": ".spec.replicas",
        "statusReplicasPath": ".status.replicas",
        "labelSelectorPath": ".status.selector",
    }
    assert [each["name"] for each in version["additionalPrinterColumns"]] == [
        "Ready",
        "Reason",
        "Model",
        "Replicas",
        "Age",
    ]
