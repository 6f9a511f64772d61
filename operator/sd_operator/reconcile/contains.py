"""Whether a live object already holds everything that a manifest asks for."""

from typing import Any, cast

from sd_operator.api.amounts import quantity

QUANTITIES = ("requests", "limits", "sizeLimit")
"""Fields whose values the API server writes in its own way: 1024Mi comes back as 1Gi."""

Json = Any


def contains(live: Json, wanted: Json, field: str = "") -> bool:
    """Whether `wanted` is part of `live`. What the API server or others added does not matter.

    `field` is the name of the innermost field that both are in.
    """
    if isinstance(wanted, dict):
        return _contains_fields(live or {}, cast("dict[str, Json]", wanted), field)
    if isinstance(wanted, list):
        return _contains_items(live or [], cast("list[Json]", wanted), field)
    if field in QUANTITIES and live is not None:
        return _same_amount(live, wanted)
    return live == wanted


def _same_amount(live: Json, wanted: Json) -> bool:
    try:
        return quantity(live) == quantity(wanted)
    except ValueError:  # a spelling that only others use, such as 1e9: ours is written instead
        return False


def _contains_fields(live: dict[str, Json], wanted: dict[str, Json], field: str) -> bool:
    inner = field if field in QUANTITIES else None
    return all(contains(live.get(name), value, inner or name) for name, value in wanted.items())


def _contains_items(live: list[Json], wanted: list[Json], field: str) -> bool:
    """Items that have a name are found by it, as the API server merges them; others are compared one by one."""
    if all(isinstance(item, dict) and "name" in item for item in wanted):
        named = {item["name"]: item for item in live}
        return all(contains(named.get(item["name"]), item, field) for item in wanted)
    return len(live) == len(wanted) and all(contains(*pair, field) for pair in zip(live, wanted, strict=True))
