"""The CustomResourceDefinition, generated from the models: `python -m sd_operator.api.crd` prints it."""

import json
from typing import Any

import yaml
from pydantic import BaseModel

from sd_operator.api.spec import DiarizationServiceSpec
from sd_operator.api.status import DiarizationServiceStatus
from sd_operator.resources import DIARIZATION_SERVICES, GROUP, VERSION, Manifest

Schema = dict[str, Any]

MAX_NAME_LENGTH = 40
"""Names of children and pods add suffixes to the service's name, and a label value has at most 63 characters."""

NAME_RULE = {
    "rule": f"self.metadata.name.size() <= {MAX_NAME_LENGTH} && "
    "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
    "message": f"the name of a DiarizationService must have at most {MAX_NAME_LENGTH} characters: lower-case letters, "
    "digits and '-'; it must start with a letter and must not end with '-'",
}

DROPPED_KEYWORDS = ("title", "additionalProperties", "propertyNames", "const", "default", "$defs")
"""JSON schema keywords that a CRD does not accept or does not need; `_structural` adds some again in another form."""


def crd() -> Manifest:
    """Return the whole CRD."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{DIARIZATION_SERVICES.plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": DIARIZATION_SERVICES.kind,
                "listKind": f"{DIARIZATION_SERVICES.kind}List",
                "plural": DIARIZATION_SERVICES.plural,
                "singular": DIARIZATION_SERVICES.kind.lower(),
                "shortNames": ["diar", "dsvc"],
                "categories": ["all"],
            },
            "versions": [_version()],
        },
    }


def render() -> str:
    """Return the CRD as YAML, as it is committed in the chart."""
    without_aliases = json.loads(json.dumps(crd()))
    return yaml.safe_dump(without_aliases, sort_keys=False, allow_unicode=True, width=120)


def structural_schema(model: type[BaseModel]) -> Schema:
    """Return a model's structural schema: without references, unions and titles, and with constant defaults only."""
    schema = model.model_json_schema(by_alias=True, mode="validation")
    return _structural(schema, schema.get("$defs", {}))


def _version() -> Manifest:
    return {
        "name": VERSION,
        "served": True,
        "storage": True,
        "subresources": {
            "status": {},
            "scale": {
                "specReplicasPath": ".spec.replicas",
                "statusReplicasPath": ".status.replicas",
                "labelSelectorPath": ".status.selector",
            },
        },
        "additionalPrinterColumns": [
            _condition_column("Ready", "status"),
            _condition_column("Reason", "reason"),
            {"name": "Model", "type": "string", "jsonPath": ".status.model.source"},
            {"name": "Replicas", "type": "integer", "jsonPath": ".status.replicas"},
            {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
        ],
        "schema": {"openAPIV3Schema": _schema()},
    }


def _condition_column(name: str, field: str) -> dict[str, Any]:
    return {"name": name, "type": "string", "jsonPath": f'.status.conditions[?(@.type=="Ready")].{field}'}


def _schema() -> Schema:
    return {
        "description": "A speaker-diarization service: it returns the speaker turns of a recording.",
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": structural_schema(DiarizationServiceSpec),
            "status": structural_schema(DiarizationServiceStatus),
        },
        "x-kubernetes-validations": [NAME_RULE],
    }


def _structural(node: Schema, definitions: dict[str, Schema]) -> Schema:
    node = _inline(_without_null(node), definitions)
    schema = {key: value for key, value in node.items() if key not in DROPPED_KEYWORDS}
    schema |= _default(node) | ({"enum": [node["const"]]} if "const" in node else {})
    if "properties" in node:
        schema["properties"] = {name: _structural(child, definitions) for name, child in node["properties"].items()}
    if "items" in node:
        schema["items"] = _structural(node["items"], definitions)
    if isinstance(node.get("additionalProperties"), dict):
        schema["additionalProperties"] = _structural(node["additionalProperties"], definitions)
    return schema


def _inline(node: Schema, definitions: dict[str, Schema]) -> Schema:
    """Return the definition that a node references, with the node's own description and default."""
    if "$ref" not in node:
        return node
    overrides = {key: value for key, value in node.items() if key != "$ref"}
    return _inline(definitions[node["$ref"].removeprefix("#/$defs/")], definitions) | overrides


def _without_null(node: Schema) -> Schema:
    """Return `X | None` as an optional X: the API server treats null as a missing field."""
    if "anyOf" not in node:
        return node
    [option] = [option for option in node["anyOf"] if option != {"type": "null"}]
    rest = {key: value for key, value in node.items() if key not in ("anyOf", "default")}
    return option | rest


def _default(node: Schema) -> Schema:
    """Return a constant default; that of an object is `{}`, because its fields have defaults of their own."""
    match node.get("default"):
        case None | "" | []:
            return {}
        case dict():
            return {"default": {}} if "properties" in node else {}
        case constant:
            return {"default": constant}


if __name__ == "__main__":
    print(render(), end="")  # noqa: T201 - a command prints
