"""Repair time: a child of each kind is deleted and changed by hand."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sd_harness.services.service_specs import WITH_HPA, WITH_KEDA
from sd_operator.children.config_map import is_settings_config_map
from sd_operator.reconcile.drift.manifest_diff import contains
from sd_operator.reconcile.objects import Identity, identity
from sd_operator.resources import RESOURCE_BY_KIND, Manifest

from benchmarks.operator.benchmark_cluster import BenchmarkCluster
from benchmarks.record import Row

TIMEOUT_S = 30.0
"""A repair that takes longer is reported with this time."""


def replace(path: str, value: Any) -> Manifest:  # noqa: ANN401
    """Return the JSON patch operation that replaces a value."""
    return {"op": "replace", "path": path, "value": value}


LABEL_EDIT = replace("/metadata/labels/app.kubernetes.io~1name", "other")
"""The edit of a settings ConfigMap, whose data is immutable."""
EDITS: dict[str, Manifest] = {
    "ServiceAccount": replace("/automountServiceAccountToken", value=True),
    "ConfigMap": replace("/data", {}),
    "Deployment": replace("/spec/template/spec/containers/0/image", "other"),
    "Service": replace("/spec/selector/app.kubernetes.io~1name", "other"),
    "Ingress": replace("/spec/rules/0/host", "other.example"),
    "NetworkPolicy": replace("/spec/ingress", [{}]),
    "PodDisruptionBudget": replace("/spec/maxUnavailable", 9),
    "HorizontalPodAutoscaler": replace("/spec/maxReplicas", 99),
    "ScaledObject": replace("/spec/maxReplicaCount", 99),
    "PodMonitor": replace("/spec/podMetricsEndpoints", []),
    "PrometheusRule": replace("/spec/groups/0/rules", []),
}
"""An edit of a field that the operator sets, by kind."""


@dataclass(slots=True)
class RepairTimes:
    """The repair times by what was done and by kind, and the number of other children that were created again."""

    seconds: dict[str, dict[str, float]] = field(default_factory=dict[str, dict[str, float]])
    recreated_siblings: int = 0


def measure(cluster: BenchmarkCluster) -> list[Row]:
    """Delete and change every child of two services, which together have a child of every kind."""
    times = RepairTimes()
    with cluster.operator():
        for name, spec in (("drift-hpa", WITH_HPA), ("drift-keda", WITH_KEDA)):
            namespace = cluster.create_services(name, spec, 1)
            cluster.wait_until_settled(namespace)
            for child in sorted(cluster.children(namespace), key=identity):
                _measure_repair(cluster, child, "deleted", _delete, times)
                _measure_repair(cluster, child, "changed", _edit, times)  # two repairs are not a conflict yet
            cluster.delete_services(namespace)
    slowest_s = max(seconds for by_kind in times.seconds.values() for seconds in by_kind.values())
    detail = "; ".join(f"{action}: {_slowest(by_kind)}" for action, by_kind in times.seconds.items())
    kinds = len(times.seconds["deleted"])
    return [
        Row("drift_repair_s_max", slowest_s, "s", "<= 2", f"{kinds} kinds; {detail}"),
        Row("drift_siblings_made_anew", times.recreated_siblings, "objects", "<= 0", "children that nobody had edited"),
    ]


def _slowest(by_kind: dict[str, float]) -> str:
    kind = max(by_kind, key=lambda kind: by_kind[kind])
    return f"{kind} {by_kind[kind]:.2f} s at most"


def _measure_repair(
    cluster: BenchmarkCluster,
    child: Manifest,
    action: str,
    damage: Callable[[BenchmarkCluster, Manifest], None],
    times: RepairTimes,
) -> None:
    namespace = child["metadata"]["namespace"]
    desired, before = cluster.desired_children(namespace)[identity(child)], _uids(cluster, namespace)
    uid, is_new_object = before[identity(child)], action == "deleted"
    started_s = time.monotonic()
    damage(cluster, child)
    while not _is_repaired(cluster, desired, uid, is_new_object=is_new_object):
        if time.monotonic() - started_s > TIMEOUT_S:
            break
        time.sleep(0.02)
    repair_s, after = min(time.monotonic() - started_s, TIMEOUT_S), _uids(cluster, namespace)
    by_kind = times.seconds.setdefault(action, {})
    by_kind[child["kind"]] = max(by_kind.get(child["kind"], 0), repair_s)
    siblings = {each: uid for each, uid in before.items() if each != identity(child)}
    times.recreated_siblings += sum(after.get(each) != uid for each, uid in siblings.items())


def _is_repaired(cluster: BenchmarkCluster, desired: Manifest, uid: str, *, is_new_object: bool) -> bool:
    metadata = desired["metadata"]
    live = cluster.api.request("GET", RESOURCE_BY_KIND[desired["kind"]].path(metadata["namespace"], metadata["name"]))
    return live is not None and (live["metadata"]["uid"] != uid) is is_new_object and contains(live, desired)


def _uids(cluster: BenchmarkCluster, namespace: str) -> dict[Identity, str]:
    return {identity(each): each["metadata"]["uid"] for each in cluster.children(namespace)}


def _delete(cluster: BenchmarkCluster, child: Manifest) -> None:
    cluster.api.delete(RESOURCE_BY_KIND[child["kind"]], child["metadata"]["namespace"], child["metadata"]["name"])


def _edit(cluster: BenchmarkCluster, child: Manifest) -> None:
    cluster.api.edit(child, LABEL_EDIT if is_settings_config_map(child) else EDITS[child["kind"]])
