"""Many services created at once, then a restart of the operator, then repeated reconciles without changes."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

from sd_harness.control_plane.operator_process import RECONCILES, RunningOperator
from sd_harness.control_plane.processes import eventually
from sd_harness.services.service_specs import DEMO

from benchmarks.operator.audit_log import Write, writes
from benchmarks.operator.benchmark_cluster import BenchmarkCluster
from benchmarks.record import Row

SERVICES = 500
POLL_INTERVAL_S = 2.0
RECONCILE_ROUNDS = 10


def measure(cluster: BenchmarkCluster) -> list[Row]:
    """Measure the creation of a fleet, a restart of the operator, and reconciles that change nothing."""
    count = cluster.sample_size(SERVICES, 30)
    with cluster.operator() as operator:
        fleet = cluster.create_services("fleet", DEMO, count)
        cluster.wait_until_settled(fleet, timeout_s=300, interval_s=POLL_INTERVAL_S)
        eventually(
            lambda: _has_replica_counts(cluster, fleet),
            "every status has the replicas of its Deployment",
            60,
            POLL_INTERVAL_S,
        )
        rss_mib = _peak_memory_mib(operator)
    rows = [*_creation_rows(cluster, fleet, rss_mib), *_restart_rows(cluster, fleet), *_quiet_rows(cluster, fleet)]
    with cluster.operator():
        cluster.delete_services(fleet)
    return rows


def _has_replica_counts(cluster: BenchmarkCluster, fleet: str) -> bool:
    """Return True if every status has the replicas of its Deployment; then no further write is due."""
    return all(each["status"].get("replicas") == 1 for each in cluster.services(fleet))


def _creation_rows(cluster: BenchmarkCluster, fleet: str, rss_mib: float) -> list[Row]:
    """Rows about the time from the first service's creation to the operator's last write."""
    every = [write for write in writes(cluster.plane) if write.namespace == fleet]
    log = [write for write in every if write.is_by_operator]
    settle_s = log[-1].at - next(write.at for write in every if write.resource == "diarizationservices")
    per_child = Counter((write.resource, write.name) for write in log if write.is_child_write)
    per_status = Counter(write.name for write in log if write.subresource == "status")
    count = len(cluster.services(fleet))
    scope = f"{count} services created at once; {len(per_child)} children; times of the audit log"
    return [
        Row("settle_500_s", settle_s, "s", "<= 60", f"{scope}; every status reports unschedulable pods"),
        Row("rss_500_mib", rss_mib, "MiB", "<= 256", "peak resident memory of the operator"),
        Row("writes_per_child", max(per_child.values()), "writes", "<= 1", f"maximum per child; {scope}"),
        Row("status_writes_per_service", max(per_status.values()), "writes", "<= 3", f"maximum per service; {scope}"),
    ]


def _restart_rows(cluster: BenchmarkCluster, fleet: str) -> list[Row]:
    before, started = len(_operator_writes(cluster)), time.monotonic()
    with cluster.operator() as operator:
        ready_s = time.monotonic() - started
        count = len(cluster.services(fleet))
        eventually(lambda: operator.count(RECONCILES) >= count, "a reconcile of every service", 60)
    written = len(_operator_writes(cluster)) - before
    return [
        Row("restart_writes", written, "writes", "<= 0", f"operator started with {count} settled services"),
        Row("restart_ready_s", ready_s, "s", "<= 10", "from the start of the process to /readyz"),
    ]


def _quiet_rows(cluster: BenchmarkCluster, fleet: str) -> list[Row]:
    versions = _versions(cluster, fleet)
    before, count = len(_operator_writes(cluster)), len(cluster.services(fleet))
    with cluster.operator(SD_RESYNC_SECONDS=str(cluster.sample_size(3, 1))) as operator:
        reconciles = operator.count(RECONCILES)
        eventually(
            lambda: operator.count(RECONCILES) >= reconciles + RECONCILE_ROUNDS * count, "ten reconciles of each", 300
        )
    changed = sum(version != versions[uid] for uid, version in _versions(cluster, fleet).items())
    written = len(_operator_writes(cluster)) - before
    detail = f"{RECONCILE_ROUNDS} reconciles of each of {count} settled services; {changed} resourceVersions changed"
    return [Row("quiet_writes", written + changed, "writes", "<= 0", detail)]


def _versions(cluster: BenchmarkCluster, fleet: str) -> dict[str, str]:
    objects = [*cluster.services(fleet), *cluster.children(fleet)]
    return {each["metadata"]["uid"]: each["metadata"]["resourceVersion"] for each in objects}


def _operator_writes(cluster: BenchmarkCluster) -> list[Write]:
    """Writes of the operator, without renewals of its Lease."""
    return [write for write in writes(cluster.plane) if write.is_by_operator and write.resource != "leases"]


def _peak_memory_mib(operator: RunningOperator) -> float:
    lines = Path(f"/proc/{operator.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
