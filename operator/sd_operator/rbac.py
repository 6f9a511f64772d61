"""What the operator may do in a cluster, from what its code does there: `python -m sd_operator.rbac` prints it."""

from collections.abc import Iterable
from typing import NamedTuple

import yaml

from sd_operator.resources import (
    CHILD_KINDS,
    DIARIZATION_SERVICES,
    EVENTS,
    JOBS,
    LEASES,
    PODS,
    REPLICA_SETS,
    Manifest,
    Resource,
)

WATCH = ("list", "watch")
"""What the lists, and kopf's watches, need."""
APPLY = ("create", "patch")
"""A server-side apply of an object that is not there yet is a creation, too."""


class Right(NamedTuple):
    """Verbs on kinds, or on a part of them, and what the operator does with them."""

    kinds: tuple[Resource, ...]
    verbs: tuple[str, ...]
    used_for: str
    part: str = ""


WATCHED: tuple[Right, ...] = (
    Right((DIARIZATION_SERVICES,), ("get", *WATCH), "to know what people ask for, and whether they still do"),
    Right((DIARIZATION_SERVICES,), ("patch",), "to say how it goes", "status"),
    Right((DIARIZATION_SERVICES,), ("update",), "to be named as an owner that is waited for", "finalizers"),
    Right(CHILD_KINDS, ("get", *WATCH, *APPLY, "delete"), "to make, mend and remove what a service consists of"),
    Right(
        (PODS,), (*WATCH, "patch"), "to see why they do not serve, and mark the idlest, which a scale-down ends first"
    ),
    Right((JOBS,), (*WATCH, "create", "delete"), "to bring models, and remove those that nobody serves"),
    Right((REPLICA_SETS,), ("list",), "to keep the settings that pods of an earlier spec read"),
    Right((EVENTS,), ("create", "list"), "to tell what has changed, and see why a pod cannot be set up on its node"),
)
"""In every namespace that is watched. A test lives through a whole service and finds each of them used."""

LEASE_NAME = "LEASE_NAME"
"""The chart puts the Lease's name in its place."""

HEAD = "# Made by tools/generate from sd_operator/rbac.py: no Secret, no wildcard, no right to hand on rights.\n"


def rights() -> dict[str, list[Manifest]]:
    """Rules for the namespaces that are watched, and for the one that the operator runs in."""
    return {
        "watched": [rule for right in WATCHED for rule in _rules(right.kinds, right.part, right.verbs)],
        "own": [
            *_rules([LEASES], "", ("create",)),
            *(rule | {"resourceNames": [LEASE_NAME]} for rule in _rules([LEASES], "", ("get", "update"))),
        ],
    }


def _rules(kinds: Iterable[Resource], part: str, verbs: Iterable[str]) -> list[Manifest]:
    """One rule for each API group."""
    plurals: dict[str, list[str]] = {}
    for kind in kinds:
        group = kind.api_version.rpartition("/")[0]
        plurals.setdefault(group, []).append(f"{kind.plural}/{part}" if part else kind.plural)
    return [
        {"apiGroups": [group], "resources": sorted(names), "verbs": list(verbs)} for group, names in plurals.items()
    ]


def render() -> str:
    """The rules as YAML, as they are committed in the chart."""
    return HEAD + yaml.safe_dump(rights(), sort_keys=False, width=120)


if __name__ == "__main__":
    print(render(), end="")  # noqa: T201 - a command prints
