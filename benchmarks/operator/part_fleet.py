"""Many services at once, then forced looks at all of them, then a restart of the operator."""

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
LOOK_EVERY_S = 2.0
LOOKS = 10


def measure(cluster: BenchmarkCluster) -> list[Row]:
    """Three things of one fleet: how it settles, how quiet it stays, how it takes a restart."""
    count = cluster.sample_size(SERVICES, 30)
    with cluster.operator() as operator:
        fleet = cluster.create_services("fleet", DEMO, count)
        cluster.wait_until_settled(fleet, within_s=300, every_s=LOOK_EVERY_S)
        eventually(lambda: _is_counted(cluster, fleet), "every status has its Deployment's count", 60, LOOK_EVERY_S)
        rss_mib = _peak_mib(operator)
    rows = [*_settled(cluster, fleet, rss_mib), *_restarted(cluster, fleet), *_quiet(cluster, fleet)]
    with cluster.operator():
        cluster.delete_services(fleet)
    return rows


def _is_counted(cluster: BenchmarkCluster, fleet: str) -> bool:
    """Whether the Deployments' own statuses have reached the services', too: no write is due any more."""
    return all(each["status"].get("replicas") == 1 for each in cluster.services(fleet))


def _settled(cluster: BenchmarkCluster, fleet: str, rss_mib: float) -> list[Row]:
    """From the first service's creation to the operator's last write: after it all was as it should be."""
    every = [write for write in writes(cluster.plane) if write.namespace == fleet]
    log = [write for write in every if write.is_by_operator]
    settle_s = log[-1].at - next(write.at for write in every if write.resource == "diarizationservices")
    per_child = Counter((write.resource, write.name) for write in log if write.is_child_write)
    per_status = Counter(write.name for write in log if write.subresource == "status")
    count = len(cluster.services(fleet))
    what = f"{count} services created at once; {len(per_child)} children; by the API server's audit log"
    return [
        Row("settle_500_s", settle_s, "s", "<= 60", f"{what}; every status tells of the scheduler's refusal"),
        Row("rss_500_mib", rss_mib, "MiB", "<= 256", "peak resident memory of the operator meanwhile"),
        Row("writes_per_child", max(per_child.values()), "writes", "<= 1", f"the most of any child; {what}"),
        Row(
            "status_writes_per_service", max(per_status.values()), "writes", "<= 3", f"the most of any service; {what}"
        ),
    ]


def _restarted(cluster: BenchmarkCluster, fleet: str) -> list[Row]:
    before, started = len(_operators_writes(cluster)), time.monotonic()
    with cluster.operator() as operator:
        ready_s = time.monotonic() - started
        count = len(cluster.services(fleet))
        eventually(lambda: operator.count(RECONCILES) >= count, "a look at every service", 60)
    written = len(_operators_writes(cluster)) - before
    return [
        Row("restart_writes", written, "writes", "<= 0", f"operator started on {count} settled services"),
        Row("restart_ready_s", ready_s, "s", "<= 10", "from the start of its process to /readyz"),
    ]


def _quiet(cluster: BenchmarkCluster, fleet: str) -> list[Row]:
    versions = _versions(cluster, fleet)
    before, count = len(_operators_writes(cluster)), len(cluster.services(fleet))
    with cluster.operator(SD_RESYNC_SECONDS=str(cluster.sample_size(3, 1))) as operator:
        looks = operator.count(RECONCILES)
        eventually(lambda: operator.count(RECONCILES) >= looks + LOOKS * count, "ten looks at each", 300)
    changed = sum(version != versions[uid] for uid, version in _versions(cluster, fleet).items())
    written = len(_operators_writes(cluster)) - before
    detail = f"{LOOKS} forced looks at {count} settled services; {changed} resourceVersions changed"
    return [Row("quiet_writes", written + changed, "writes", "<= 0", detail)]


def _versions(cluster: BenchmarkCluster, fleet: str) -> dict[str, str]:
    objects = [*cluster.services(fleet), *cluster.children(fleet)]
    return {each["metadata"]["uid"]: each["metadata"]["resourceVersion"] for each in objects}


def _operators_writes(cluster: BenchmarkCluster) -> list[Write]:
    """All but those of its Lease, which it renews all the time."""
    return [write for write in writes(cluster.plane) if write.is_by_operator and write.resource != "leases"]


def _peak_mib(operator: RunningOperator) -> float:
    lines = Path(f"/proc/{operator.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
