"""A child of each kind is deleted, changed and added to by hand: how soon it is as it was, and whether others stay."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sd_harness.services.service_specs import WITH_HPA, WITH_KEDA
from sd_operator.reconcile.decide import identity
from sd_operator.resources import RESOURCE_BY_KIND, Manifest

from benchmarks.operator.benchmark_cluster import BenchmarkCluster, is_as
from benchmarks.operator.spoiling import addition, change
from benchmarks.record import Row

PATIENCE_S = 30.0
"""What takes longer is reported as that long."""


@dataclass(slots=True)
class Tally:
    """Seconds until each child was as it was, by what was done to it; siblings that were made anew meanwhile."""

    took_s: dict[str, dict[str, float]] = field(default_factory=dict[str, dict[str, float]])
    made_anew: int = 0


def measure(cluster: BenchmarkCluster) -> list[Row]:
    """Every child of two services, which together have a child of every kind."""
    tally = Tally()
    with cluster.operator():
        for name, spec in (("drift-hpa", WITH_HPA), ("drift-keda", WITH_KEDA)):
            namespace = cluster.create_services(name, spec, 1)
            cluster.wait_until_settled(namespace)
            for child in sorted(cluster.children(namespace), key=identity):
                _spoiled(cluster, child, tally)
            cluster.delete_services(namespace)
    slowest = max(took_s for by_kind in tally.took_s.values() for took_s in by_kind.values())
    detail = "; ".join(f"{what}: {_longest(by_kind)}" for what, by_kind in tally.took_s.items())
    kinds = len(tally.took_s["deleted"])
    return [
        Row("drift_repair_s_max", slowest, "s", "<= 2", f"{kinds} kinds; {detail}"),
        Row("drift_siblings_made_anew", tally.made_anew, "objects", "<= 0", "children that nobody had touched"),
    ]


def _spoiled(cluster: BenchmarkCluster, child: Manifest, tally: Tally) -> None:
    """The same child is deleted, then changed, then added to: three repairs, which are no conflict yet."""
    _repaired(cluster, child, "deleted", _delete, tally)
    _repaired(cluster, child, "changed", _edit(change(child)), tally)
    if addition(child):
        _repaired(cluster, child, "added to", _edit(addition(child)), tally)


def _longest(took_s: dict[str, float]) -> str:
    kind = max(took_s, key=lambda kind: took_s[kind])
    return f"{kind} {took_s[kind]:.2f} s at most"


def _repaired(
    cluster: BenchmarkCluster,
    child: Manifest,
    what: str,
    spoil: Callable[[BenchmarkCluster, Manifest], None],
    tally: Tally,
) -> None:
    namespace = child["metadata"]["namespace"]
    wanted, before = cluster.desired_children(namespace)[identity(child)], _uids(cluster, namespace)
    started = time.monotonic()
    spoil(cluster, child)
    while not _is_back(cluster, wanted, _is_other(before[identity(child)], anew=what == "deleted")):
        if time.monotonic() - started > PATIENCE_S:
            break
        time.sleep(0.02)
    took_s, after = min(time.monotonic() - started, PATIENCE_S), _uids(cluster, namespace)
    by_kind = tally.took_s.setdefault(what, {})
    by_kind[child["kind"]] = max(by_kind.get(child["kind"], 0), took_s)
    tally.made_anew += sum(after.get(place) != uid for place, uid in before.items() if place != identity(child))


def _is_other(uid: str, *, anew: bool) -> Callable[[str], bool]:
    """A deleted child is another one when it is back, a changed one is the same."""
    return lambda live: (live != uid) is anew


def _is_back(cluster: BenchmarkCluster, wanted: Manifest, is_meant: Callable[[str], bool]) -> bool:
    metadata = wanted["metadata"]
    live = cluster.api.request("GET", RESOURCE_BY_KIND[wanted["kind"]].path(metadata["namespace"], metadata["name"]))
    return live is not None and is_meant(live["metadata"]["uid"]) and is_as(live, wanted)


def _uids(cluster: BenchmarkCluster, namespace: str) -> dict[tuple[str, str], str]:
    return {identity(each): each["metadata"]["uid"] for each in cluster.children(namespace)}


def _delete(cluster: BenchmarkCluster, child: Manifest) -> None:
    cluster.api.delete(RESOURCE_BY_KIND[child["kind"]], child["metadata"]["namespace"], child["metadata"]["name"])


def _edit(operations: tuple[Manifest, ...]) -> Callable[[BenchmarkCluster, Manifest], None]:
    def edit(cluster: BenchmarkCluster, child: Manifest) -> None:
        cluster.api.edit(child, *operations)

    return edit
