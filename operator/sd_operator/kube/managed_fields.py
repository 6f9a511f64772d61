"""The field managers of a live object, read from `metadata.managedFields`.

The format is that of structured-merge-diff: `f:name` is a field, `k:{...}` a list item with these keys, `v:...` an item
of a set. An entry without children owns everything below it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from sd_operator.resources import DEPLOYMENTS, FIELD_MANAGER, Manifest

Json = Any


@dataclass(frozen=True, slots=True)
class ListItem:
    """An item of a list: its name or number in messages, and its index in the live list, None if it is missing."""

    label: str | int
    index: int | None


Step = str | ListItem
"""A step on the path to a field: the name of a field, or an item of a list."""
PAUSED: Manifest = {"f:spec": {"f:paused": {}}}


def foreign_entries(live: Manifest) -> list[Manifest]:
    """Return the entries of other field managers, without those for subresources."""
    entries: list[Manifest] = live["metadata"].get("managedFields", [])
    return [each for each in entries if each.get("manager") != FIELD_MANAGER and not each.get("subresource")]


def pause_entries(live: Manifest) -> list[Manifest]:
    """Return, for a Deployment, what a cached object has to keep of its managed fields: who sets `spec.paused`."""
    if live["kind"] != DEPLOYMENTS.kind:
        return []
    owners = [each for each in foreign_entries(live) if "f:paused" in each.get("fieldsV1", {}).get("f:spec", {})]
    return [{"manager": each["manager"], "time": each.get("time", ""), "fieldsV1": PAUSED} for each in owners]


def field_manager(live: Manifest, steps: Sequence[Step]) -> str:
    """Return the field manager other than the operator that wrote a field last; empty if none owns it."""
    return _latest([each for each in foreign_entries(live) if _owns(each.get("fieldsV1", {}), live, steps)])


def latest_manager(live: Manifest) -> str:
    """Return the field manager other than the operator that wrote the object last; empty if there is none."""
    return _latest(foreign_entries(live))


def _latest(entries: list[Manifest]) -> str:
    return max(entries, key=lambda each: each.get("time", ""))["manager"] if entries else ""


def _owns(fields: dict[str, Json], node: Json, steps: Sequence[Step]) -> bool:
    if not steps:
        return True
    step, *rest = steps
    if isinstance(step, str):
        name, value = f"f:{step}", cast("dict[str, Json]", node).get(step) if isinstance(node, dict) else None
        return name in fields and (not fields[name] or _owns(fields[name], value, rest))
    if step.index is None:
        return False
    item = node[step.index]
    return any(_is_item(name, item) and (not below or _owns(below, item, rest)) for name, below in fields.items())


def _is_item(name: str, item: Json) -> bool:
    """Return True if a name in managed fields means a list item; a key that the item omits has its default value."""
    kind, _, value = name.partition(":")
    if kind == "k" and isinstance(item, dict):
        known = cast("dict[str, Json]", item)
        return all(known.get(key, wanted) == wanted for key, wanted in json.loads(value).items())
    return kind == "v" and json.loads(value) == item
