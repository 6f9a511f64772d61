"""From a pydantic model to the structural schema that the API server demands of a CRD."""

from typing import Any

from pydantic import BaseModel

Schema = dict[str, Any]

DROPPED = ("title", "additionalProperties", "propertyNames", "const", "default", "$defs")
"""Keywords that are settled by hand below: a CRD refuses some and would show clutter for the others."""


def structural(model: type[BaseModel]) -> Schema:
    """The model's schema without references, unions and titles, with constant defaults only."""
    schema = model.model_json_schema(by_alias=True, mode="validation")
    return _plain(schema, schema.get("$defs", {}))


def _plain(node: Schema, definitions: dict[str, Schema]) -> Schema:
    node = _inlined(_without_null(node), definitions)
    plain = {key: value for key, value in node.items() if key not in DROPPED}
    plain |= _default(node) | ({"enum": [node["const"]]} if "const" in node else {})
    if "properties" in node:
        plain["properties"] = {name: _plain(child, definitions) for name, child in node["properties"].items()}
    if "items" in node:
        plain["items"] = _plain(node["items"], definitions)
    if isinstance(node.get("additionalProperties"), dict):
        plain["additionalProperties"] = _plain(node["additionalProperties"], definitions)
    return plain


def _inlined(node: Schema, definitions: dict[str, Schema]) -> Schema:
    """The definition that a node refers to, under the node's own description and default."""
    if "$ref" not in node:
        return node
    rest = {key: value for key, value in node.items() if key != "$ref"}
    return _inlined(definitions[node["$ref"].removeprefix("#/$defs/")], definitions) | rest


def _without_null(node: Schema) -> Schema:
    """`X | None` as an optional X: an absent field and a null are one to the API server."""
    if "anyOf" not in node:
        return node
    [real] = [option for option in node["anyOf"] if option != {"type": "null"}]
    rest = {key: value for key, value in node.items() if key not in ("anyOf", "default")}
    return real | rest


def _default(node: Schema) -> Schema:
    """A default of an object is `{}`: its fields bring their own. Empty text, lists and maps need none."""
    match node.get("default"):
        case None | "" | []:
            return {}
        case dict():
            return {"default": {}} if "properties" in node else {}
        case constant:
            return {"default": constant}
