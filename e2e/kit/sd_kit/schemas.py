"""JSON schemas for kubeconform: from the Kubernetes module's own OpenAPI, and from our custom resource definitions.

`python -m sd_kit.schemas FOLDER [CRD…]` writes one strict schema a kind, named `kind-group-version.json`.
"""

import json
import sys
from pathlib import Path
from typing import Any

import yaml

from sd_kit import commands, gobuild, places
from sd_kit.versions import CLUSTER

Schema = dict[str, Any]

_NUMBER_OR_TEXT = {"oneOf": [{"type": "string"}, {"type": "number"}]}


def write(folder: Path, custom: list[Path]) -> None:
    """Write all schemas to `folder`; `custom` are files of CustomResourceDefinitions."""
    folder.mkdir(parents=True, exist_ok=True)
    definitions = {name: strict(schema) for name, schema in _openapi()["definitions"].items()}
    _put(folder / "_definitions.json", {"definitions": definitions})
    for name, schema in definitions.items():
        for kind in schema.get("x-kubernetes-group-version-kind", []):
            _put(folder / file_name(kind), {"$ref": f"_definitions.json#/definitions/{name}"})
    for path in custom:
        for document in yaml.safe_load_all(path.read_text()):
            for kind, schema in custom_kinds(document):
                _put(folder / file_name(kind), schema)


def file_name(kind: dict[str, str]) -> str:
    """The file of one group, version and kind; kubeconform takes the core group for one called `v1`."""
    return f"{kind['kind'].lower()}-{kind['group'] or 'v1'}-{kind['version']}.json"


def strict(schema: Schema) -> Schema:
    """The same schema, which refuses a field it does not name; references point into `_definitions.json`."""
    if "$ref" in schema:
        return {"$ref": "_definitions.json" + schema["$ref"]}
    if is_number_or_text(schema):
        return _NUMBER_OR_TEXT
    made = {key: value for key, value in schema.items() if key not in {"properties", "items", "format"}}
    if "items" in schema:
        made["items"] = strict(schema["items"])
    if isinstance(schema.get("additionalProperties"), dict):
        made["additionalProperties"] = strict(schema["additionalProperties"])
    if "properties" in schema:
        made["properties"] = {name: strict(value) for name, value in schema["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            made["additionalProperties"] = False
    return made


def is_number_or_text(schema: Schema) -> bool:
    """Whether both `1` and `"1"` are right: an IntOrString or a Quantity."""
    quantity = schema.get("description", "").startswith("Quantity is a fixed-point representation")
    return quantity or schema.get("format") == "int-or-string" or "x-kubernetes-int-or-string" in schema


def custom_kinds(definition: dict[str, Any]) -> list[tuple[dict[str, str], Schema]]:
    """Each version of a CustomResourceDefinition with its strict schema."""
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
    made = strict(schema)
    plain = {name: {"type": "string"} for name in ("apiVersion", "kind")}
    return {**made, "properties": {**made["properties"], **plain, "metadata": {"type": "object"}}}


def _openapi() -> dict[str, Any]:
    module = commands.output(
        ["go", "-C", places.PACKAGE / CLUSTER, "list", "-m", "-f", "{{.Dir}}", "k8s.io/kubernetes"],
        purpose="find the Kubernetes module",
        env=gobuild.environment(),
    )
    return json.loads((Path(module) / "api" / "openapi-spec" / "swagger.json").read_text())


def _put(path: Path, schema: Schema) -> None:
    path.write_text(json.dumps(schema))


if __name__ == "__main__":
    write(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
