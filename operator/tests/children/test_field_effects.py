"""Every field of the resource reaches a child or a model Job: without it, their manifests differ."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError
from sd_harness.services.golden_services import manifests_of
from sd_harness.services.live_objects import service
from sd_harness.services.random_specs import sample
from sd_harness.services.service_specs import ALL_FIELDS, VALID, Spec
from sd_operator.api.crd import structural_schema
from sd_operator.api.service import SpecError
from sd_operator.api.spec import DiarizationServiceSpec

FieldPath = tuple[str | int, ...]

DEFAULTS_IN_ALL_FIELDS = {("compute", "accelerator"), ("network", "policy", "enabled")}
"""Fields that other fields of the spec require to have their default; golden files show their other value."""


def schema_fields(schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """Yield the path of every field in a structural schema, such as `compute.tolerations[].key`."""
    for name, inner in schema.get("properties", {}).items():
        yield f"{path}{name}"
        yield from schema_fields(inner, f"{path}{name}.")
    if "items" in schema:
        yield from schema_fields(schema["items"], f"{path.removesuffix('.')}[].")


def spec_fields(value: Any, path: FieldPath = ()) -> Iterator[FieldPath]:
    """Yield the path of every field in a spec, with the position of list items."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield (*path, name)
            yield from spec_fields(inner, (*path, name))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from spec_fields(inner, (*path, position))


def dotted(path: FieldPath) -> str:
    """Return the path as `schema_fields` writes it."""
    return ".".join("[]" if isinstance(step, int) else step for step in path).replace(".[]", "[]")


def without(path: FieldPath) -> Spec:
    """Return the spec with all fields except one."""
    spec = copy.deepcopy(ALL_FIELDS)
    parent: Any = spec
    for step in path[:-1]:
        parent = parent[step]
    del parent[path[-1]]
    return spec


def test_every_field_of_the_crd_is_set_in_a_shared_spec() -> None:
    used = {dotted(path) for spec in (ALL_FIELDS, *VALID.values(), *sample(200)) for path in spec_fields(spec)}
    assert {*schema_fields(structural_schema(DiarizationServiceSpec))} - used == set()


@pytest.mark.parametrize(
    "path", [path for path in spec_fields(ALL_FIELDS) if path not in DEFAULTS_IN_ALL_FIELDS], ids=dotted
)
def test_every_field_changes_a_manifest(path: FieldPath) -> None:
    try:
        other = service(without(path))
    except (SpecError, ValidationError):
        return  # a required field
    assert manifests_of(other) != manifests_of(service(ALL_FIELDS))
