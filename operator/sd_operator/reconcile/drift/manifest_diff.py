"""Whether a live object already holds everything that a manifest asks for, and where it does not."""

from typing import Any, cast

from sd_operator.api.quantities import quantity

QUANTITIES = ("requests", "limits", "sizeLimit", "averageValue")
"""Fields whose values the API server writes in its own way: 1024Mi comes back as 1Gi."""

SELECTORS = ("selector", "podSelector", "namespaceSelector", "labelSelector", "matchLabels")
"""Fields in which one entry more selects fewer: nobody may add any."""

Json = Any


def contains(live: Json, wanted: Json) -> bool:
    """Whether `wanted` is part of `live`. What the API server or others added does not matter."""
    return difference(live, wanted) is None


def difference(live: Json, wanted: Json, path: str = "", field: str = "") -> str | None:
    """The first field in which `live` lacks what is wanted, as a path like `spec.ports[http].port`; None = it has all.

    `field` is the name of the innermost field that both are in.
    """
    if isinstance(wanted, dict):
        return _in_fields(live or {}, cast("dict[str, Json]", wanted), path, field)
    if isinstance(wanted, list):
        return _in_items(live or [], cast("list[Json]", wanted), path, field)
    same = _same_amount(live, wanted) if field in QUANTITIES and live is not None else live == wanted
    return None if same else path


def _same_amount(live: Json, wanted: Json) -> bool:
    try:
        return quantity(live) == quantity(wanted)
    except ValueError:  # a spelling that only others use, such as 1e9: ours is written instead
        return False


def _in_fields(live: dict[str, Json], wanted: dict[str, Json], path: str, field: str) -> str | None:
    if field in SELECTORS and live.keys() - wanted.keys():
        return path
    inner = field if field in QUANTITIES else ""
    found = (
        difference(live.get(name), value, f"{path}.{name}".removeprefix("."), inner or name)
        for name, value in wanted.items()
    )
    return next((place for place in found if place is not None), None)


def _in_items(live: list[Json], wanted: list[Json], path: str, field: str) -> str | None:
    """Items that have a name are found by it, as the API server merges them; others are compared one by one."""
    if wanted and all(isinstance(item, dict) and "name" in item for item in wanted):
        named = {item.get("name"): item for item in live}
        pairs = [(item["name"], named.get(item["name"]), item) for item in wanted]
    elif len(live) == len(wanted):
        pairs = [(number, *pair) for number, pair in enumerate(zip(live, wanted, strict=True))]
    else:
        return path
    found = (difference(theirs, ours, f"{path}[{name}]", field) for name, theirs, ours in pairs)
    return next((place for place in found if place is not None), None)
