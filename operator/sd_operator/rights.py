"""What the operator may do in a cluster, from what its code does there: `python -m sd_operator.rights` prints it."""

from collections.abc import Iterable

import yaml

from sd_operator.vocabulary import CHILD_KINDS, DIARIZATION_SERVICES, EVENTS, LEASES, PODS, Manifest, Resource

WATCH = ("list", "watch")
"""What the lists, and kopf's watches, need."""
APPLY = ("create", "patch")
"""A server-side apply of an object that is not there yet is a creation, too."""

USED: tuple[tuple[tuple[Resource, ...], str, tuple[str, ...]], ...] = (
    ((DIARIZATION_SERVICES,), "", WATCH),
    ((DIARIZATION_SERVICES,), "status", ("patch",)),
    # To be named as an owner that is waited for, where the cluster checks who may do that.
    ((DIARIZATION_SERVICES,), "finalizers", ("update",)),
    (CHILD_KINDS, "", ("get", *WATCH, *APPLY, "delete")),
    ((PODS,), "", (*WATCH, "patch")),
    ((EVENTS,), "", ("create",)),
)
"""Kinds, subresource and verbs, in every namespace that is watched."""

LEASE_NAME = "LEASE_NAME"
"""The chart puts the Lease's name in its place."""

HEAD = "# Made by tools/generate from sd_operator/rights.py: no Secret, no wildcard, no right to hand on rights.\n"


def rights() -> dict[str, list[Manifest]]:
    """Rules for the namespaces that are watched, and for the one that the operator runs in."""
    return {
        "watched": [rule for kinds, part, verbs in USED for rule in _rules(kinds, part, verbs)],
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
