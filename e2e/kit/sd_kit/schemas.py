"""JSON schemas for kubeconform, from the OpenAPI of the Kubernetes Go module and from CustomResourceDefinitions.

`python -m sd_kit.schemas FOLDER [CRD…]` writes one strict schema per kind, named `kind-group-version.json`.
"""

import json
import sys
from pathlib import Path
from typing import Any

import yaml

from sd_kit import paths, subprocesses
from sd_kit.offline import go_build
from sd_kit.offline.go_programs import CLUSTER_MODULE

Schema = dict[str, Any]

_NUMBER_OR_TEXT = {"oneOf": [{"type": "string"}, {"type": "number"}]}


def write(folder: Path, custom: list[Path]) -> None:
    """Write all schemas to `folder`.

    Args:
        folder: Created if it is missing.
        custom: Files with CustomResourceDefinitions.
    """
    folder.mkdir(parents=True, exist_ok=True)
    definitions = {name: strict(schema) for name, schema in _openapi()["definitions"].items()}
    _write(folder / "_definitions.json", {"definitions": definitions})
    for name, schema in definitions.items():
        for kind in schema.get("x-kubernetes-group-version-kind", []):
            _write(folder / file_name(kind), {"$ref": f"_definitions.json#/definitions/{name}"})
    for path in custom:
        for document in yaml.safe_load_all(path.read_text()):
            for kind, schema in custom_kinds(document):
                _write(folder / file_name(kind), schema)


def file_name(kind: dict[str, str]) -> str:
    """Return the file name of one group, version and kind. kubeconform names the core group `v1`."""
    return f"{kind['kind'].lower()}-{kind['group'] or 'v1'}-{kind['version']}.json"


def strict(schema: Schema) -> Schema:
    """Return the schema with unknown fields rejected and references pointing into `_definitions.json`."""
    if "$ref" in schema:
        return {"$ref": "_definitions.json" + schema["$ref"]}
    if is_number_or_text(schema):
        return _NUMBER_OR_TEXT
    result = {key: value for key, value in schema.items() if key not in {"properties", "items", "format"}}
    if "items" in schema:
        result["items"] = strict(schema["items"])
    if isinstance(schema.get("additionalProperties"), dict):
        result["additionalProperties"] = strict(schema["additionalProperties"])
    if "properties" in schema:
        result["properties"] = {name: strict(value) for name, value in schema["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            result["additionalProperties"] = False
    return result


def is_number_or_text(schema: Schema) -> bool:
    """Return True if both `1` and `"1"` are valid: an IntOrString or a Quantity."""
    quantity = schema.get("description", "").startswith("Quantity is a fixed-point representation")
    return quantity or schema.get("format") == "int-or-string" or "x-kubernetes-int-or-string" in schema


def custom_kinds(definition: dict[str, Any]) -> list[tuple[dict[str, str], Schema]]:
    """Return each version of a CustomResourceDefinition with its strict schema."""
    spec = definition["spec"]
    group, kind = spec["group"], spec["names"]["kind"]
    return [
        (
            {"group": group, "kind": kind, "version": version["name"]},
            _with_metadata(version["schema"]["openAPIV3Schema"]),
        )
        for version in spec["versions"]
    ]


def _with_metadata(schema: Schema) -> Schema:
    result = strict(schema)
    type_fields = {name: {"type": "string"} for name in ("apiVersion", "kind")}
    return {**result, "properties": {**result["properties"], **type_fields, "metadata": {"type": "object"}}}


def _openapi() -> dict[str, Any]:
    module = subprocesses.output(
        ["go", "-C", paths.OFFLINE / CLUSTER_MODULE, "list", "-m", "-f", "{{.Dir}}", "k8s.io/kubernetes"],
        purpose="find the Kubernetes module",
        env=go_build.environment(),
    )
    return json.loads((Path(module) / "api" / "openapi-spec" / "swagger.json").read_text())


def _write(path: Path, schema: Schema) -> None:
    path.write_text(json.dumps(schema))


if __name__ == "__main__":
    write(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
