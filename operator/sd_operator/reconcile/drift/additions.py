"""What others have added to a child, told by its managed fields: what nobody owns is the API server's own default.

A field that the operator does not set and that another field manager owns is no default: an added rule in a
NetworkPolicy, a container in a Deployment, `paused: true`. Labels, annotations and finalizers are everybody's, those of
the pod template too (`kubectl rollout restart` writes one), and so is a ServiceAccount, where some clusters enter pull
secrets.

The format is that of structured-merge-diff: `f:name` is a field, `k:{...}` an item found by its keys, `v:...` an item
of a set.
"""

import json
from collections.abc import Iterator
from typing import Any, cast

from sd_operator.kube.managed_fields import ROOTS, foreign_entries
from sd_operator.resources import PERSISTENT_VOLUME_CLAIMS, Manifest

Json = Any
Path = tuple[str | int, ...]

SHARED: tuple[Path, ...] = (("spec", "template", "metadata"),)
EMPTY: tuple[object, ...] = (None, False, "", {}, [])
"""Values that say no more than the field's absence: some controllers write all that their types have."""


def additions(live: Manifest, wanted: Manifest) -> list[str]:
    """JSON pointers to what others have added, in an order in which one after the other can be removed."""
    if wanted.get("kind") == PERSISTENT_VOLUME_CLAIMS.kind:
        return []  # the cluster enters a claim's volume, and its class where none is asked for
    found: set[Path] = set()
    for entry in foreign_entries(live):
        fields = {root: entry["fieldsV1"][root] for root in ROOTS if root in entry["fieldsV1"]}
        found.update(_in_fields(fields, live, wanted, ()))
    return [_pointer(path) for path in sorted(found, key=_order, reverse=True)]


def _in_fields(fields: dict[str, Json], live: Json, wanted: Json, path: Path) -> Iterator[Path]:
    for name, inner in fields.items():
        step, place = _step(name, live), _step(name, wanted)
        if step is None or (here := (*path, step)) in SHARED:
            continue
        theirs, ours = live[step], None if place is None else wanted[place]
        if ours is None:
            if theirs not in EMPTY:
                yield here
        elif inner:
            yield from _in_fields(inner, theirs, ours, here)


def _step(name: str, node: Json) -> str | int | None:
    """Where a field or an item is in an object or a list; None where it is not, or where the entry means another."""
    kind, _, rest = name.partition(":")
    if kind == "f" and isinstance(node, dict):
        return rest if rest in cast("dict[str, Json]", node) else None
    if kind in ("k", "v") and isinstance(node, list):
        items, sought = cast("list[Json]", node), json.loads(rest)
        return next((number for number, item in enumerate(items) if _is_meant(item, sought, kind)), None)
    return None


def _is_meant(item: Json, sought: Json, kind: str) -> bool:
    """A key that an item leaves out has the API server's default, which the one that is sought then has, too."""
    if kind == "v":
        return item == sought
    return all(item.get(key, value) == value for key, value in sought.items())


def _order(path: Path) -> tuple[tuple[int, str], ...]:
    return tuple((step, "") if isinstance(step, int) else (-1, step) for step in path)


def _pointer(path: Path) -> str:
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)
