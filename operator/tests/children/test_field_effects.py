"""Every field of the resource reaches a child or a model Job: without it, their manifests differ."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError
from sd_harness.services.golden_services import manifests_of
from sd_harness.services.live_objects import service
from sd_harness.services.mutated_specs import Path, value_paths
from sd_harness.services.service_specs import ALL_FIELDS, VALID, Spec
from sd_operator.api.crd import structural_schema
from sd_operator.api.service import SpecError
from sd_operator.api.spec import DiarizationServiceSpec

DEFAULTS_IN_ALL_FIELDS = {("compute", "accelerator"), ("network", "policy", "enabled")}
"""Fields that other fields of the spec require to have their default; golden files show their other value."""


def schema_fields(schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """Yield the path of every field in a structural schema, such as `compute.tolerations[].key`."""
    for name, inner in schema.get("properties", {}).items():
        yield f"{path}{name}"
        yield from schema_fields(inner, f"{path}{name}.")
    if "items" in schema:
        yield from schema_fields(schema["items"], f"{path.removesuffix('.')}[].")


def spec_fields(spec: Spec) -> list[Path]:
    """Return the path of every field in a spec, with the position of list items."""
    return [path for path in value_paths(spec) if isinstance(path[-1], str)]


def dotted(path: Path) -> str:
    """Return the path as `schema_fields` writes it."""
    return ".".join("[]" if isinstance(step, int) else step for step in path).replace(".[]", "[]")


def without(path: Path) -> Spec:
    """Return the spec with all fields except one."""
    spec = copy.deepcopy(ALL_FIELDS)
    parent: Any = spec
    for step in path[:-1]:
        parent = parent[step]
    del parent[path[-1]]
    return spec


def test_every_field_of_the_crd_is_set_in_a_shared_spec() -> None:
    used = {dotted(path) for spec in (ALL_FIELDS, *VALID.values()) for path in spec_fields(spec)}
    assert {*schema_fields(structural_schema(DiarizationServiceSpec))} - used == set()


@pytest.mark.parametrize(
    "path", [path for path in spec_fields(ALL_FIELDS) if path not in DEFAULTS_IN_ALL_FIELDS], ids=dotted
)
def test_every_field_changes_a_manifest(path: Path) -> None:
    try:
        other = service(without(path))
    except (SpecError, ValidationError):
        return  # a required field
    assert manifests_of(other) != manifests_of(service(ALL_FIELDS))
