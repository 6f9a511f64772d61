"""Comparison of a live object with a desired manifest: only fields of the manifest are compared."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from sd_operator.api.quantities import quantity
from sd_operator.kube.managed_fields import ListItem, Step

QUANTITIES = ("requests", "limits", "sizeLimit", "averageValue")
"""Fields with quantities, which the API server may write in another way: 1024Mi is returned as 1Gi."""
SELECTORS = ("selector", "podSelector", "namespaceSelector", "labelSelector", "matchLabels")
"""Fields that are owned as a whole: an additional entry changes what they select."""
LIST_KEYS = {"topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable")}
"""Lists that the API server merges by other keys than `name`."""

Json = Any


@dataclass(frozen=True, slots=True)
class Difference:
    """A field whose live value is not the desired one; `live` is None if the field is missing."""

    steps: tuple[Step, ...]
    live: Json

    @property
    def path(self) -> str:
        """The field as messages write it, such as `spec.ports[http].port`."""
        steps = (f".{step}" if isinstance(step, str) else f"[{step.label}]" for step in self.steps)
        return "".join(steps).removeprefix(".")


def contains(live: Json, desired: Json) -> bool:
    """Return True if the live object has every field of the manifest. Additional fields do not matter."""
    return next(differences(live, desired), None) is None


def differences(live: Json, desired: Json, steps: tuple[Step, ...] = (), field: str = "") -> Iterator[Difference]:
    """Yield the fields of the manifest that differ; `field` is the name of the innermost field."""
    if isinstance(desired, dict):
        yield from _of_objects(live or {}, cast("dict[str, Json]", desired), steps, field)
    elif isinstance(desired, list):
        yield from _of_lists(live or [], cast("list[Json]", desired), steps, field)
    elif not (_is_same_quantity(live, desired) if field in QUANTITIES and live is not None else live == desired):
        yield Difference(steps, live)


def _is_same_quantity(live: Json, desired: Json) -> bool:
    try:
        return quantity(live) == quantity(desired)
    except ValueError:  # a notation that the operator never writes, such as 1e9
        return False


def _of_objects(
    live: dict[str, Json], desired: dict[str, Json], steps: tuple[Step, ...], field: str
) -> Iterator[Difference]:
    if field in SELECTORS and live.keys() - desired.keys():
        yield Difference(steps, live)
        return
    inner = field if field in QUANTITIES else ""
    for name, value in desired.items():
        yield from differences(live.get(name), value, (*steps, name), inner or name)


def _of_lists(live: list[Json], desired: list[Json], steps: tuple[Step, ...], field: str) -> Iterator[Difference]:
    keys = LIST_KEYS.get(field, ("name",))
    if desired and all(isinstance(item, dict) and keys[0] in item for item in desired):
        indexes = {_key(item, keys): index for index, item in enumerate(live)}
        pairs = [(item[keys[0]], indexes.get(_key(item, keys)), item) for item in desired]
    elif len(live) == len(desired):
        pairs = [(number, number, item) for number, item in enumerate(desired)]
    else:
        yield Difference(steps, live)
        return
    for label, index, item in pairs:
        place = (*steps, ListItem(label, index))
        if index is None:
            yield Difference(place, None)
        else:
            yield from differences(live[index], item, place, field)


def _key(item: Json, keys: tuple[str, ...]) -> tuple[Json, ...]:
    return tuple(item.get(key) for key in keys)
