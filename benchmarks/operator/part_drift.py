"""A child of each kind is deleted, then changed by hand: how soon it is as it was, and whether its siblings stay."""

from __future__ import annotations

import time
from collections.abc import Callable

from plane_processes import eventually
from sd_operator.vocabulary import APPLIED, KIND_OF, Manifest
from service_specs import EVERY_CHILD

from benchmarks.operator.stage import Stage
from benchmarks.record import Row

Spoil = Callable[[Stage, Manifest], None]


def measure(stage: Stage) -> list[Row]:
    """Every child of a service that has all that each cluster knows."""
    with stage.operator():
        namespace = stage.in_namespace("drift", EVERY_CHILD, 1)
        stage.settled(namespace)
        children = stage.children(namespace)
        deleted_s = {_kind(child): _restored_after_s(stage, child, _delete) for child in children}
        changed_s = {_kind(child): _restored_after_s(stage, child, _change) for child in stage.children(namespace)}
        stage.clear(namespace)
    slowest = max([*deleted_s.values(), *changed_s.values()])
    slowest_two = f"deleted: {_longest(deleted_s)}; changed: {_longest(changed_s)}"
    detail = f"{len(deleted_s)} kinds; {slowest_two}; no sibling was made anew"
    return [Row("drift_repair_s_max", slowest, "s", "<= 2", detail)]


def _kind(child: Manifest) -> str:
    return child["kind"]


def _longest(took_s: dict[str, float]) -> str:
    kind = max(took_s, key=lambda kind: took_s[kind])
    return f"{kind} {took_s[kind]:.2f} s at most"


def _restored_after_s(stage: Stage, child: Manifest, spoil: Spoil) -> float:
    """Seconds until the child is back; fails where another one was made anew."""
    namespace, uid = child["metadata"]["namespace"], child["metadata"]["uid"]
    siblings = {each["metadata"]["uid"] for each in stage.children(namespace)} - {uid}
    started = time.monotonic()
    spoil(stage, child)
    eventually(lambda: _is_back(stage, child, anew=spoil is _delete), f"{child['kind']} is back", 30)
    took_s = time.monotonic() - started
    assert siblings <= {each["metadata"]["uid"] for each in stage.children(namespace)}
    return took_s


def _is_back(stage: Stage, child: Manifest, *, anew: bool) -> bool:
    metadata = child["metadata"]
    live = stage.api.request("GET", KIND_OF[child["kind"]].path(metadata["namespace"], metadata["name"]))
    if live is None or (live["metadata"]["uid"] != metadata["uid"]) is not anew:
        return False
    return live["metadata"].get("annotations", {}).get(APPLIED) == metadata["annotations"][APPLIED]


def _delete(stage: Stage, child: Manifest) -> None:
    stage.api.delete(KIND_OF[child["kind"]], child["metadata"]["namespace"], child["metadata"]["name"])


def _change(stage: Stage, child: Manifest) -> None:
    patch = {"metadata": {"annotations": {APPLIED: "by hand"}}}
    stage.api.patch(KIND_OF[child["kind"]], child["metadata"]["namespace"], child["metadata"]["name"], patch)
