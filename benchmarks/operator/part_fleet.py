"""Many services at once, then forced looks at all of them, then a restart of the operator."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

from sd_harness.control_plane.operator_process import RECONCILES, RunningOperator
from sd_harness.control_plane.processes import eventually
from sd_harness.services.service_specs import DEMO

from benchmarks.operator.audit import Write, writes
from benchmarks.operator.stage import Stage
from benchmarks.record import Row

SERVICES = 500
LOOK_EVERY_S = 2.0
LOOKS = 10


def measure(stage: Stage) -> list[Row]:
    """Three things of one fleet: how it settles, how quiet it stays, how it takes a restart."""
    count = stage.little(SERVICES, 30)
    with stage.operator() as operator:
        fleet = stage.in_namespace("fleet", DEMO, count)
        stage.settled(fleet, within_s=300, every_s=LOOK_EVERY_S)
        eventually(lambda: _is_counted(stage, fleet), "every status has its Deployment's count", 60, LOOK_EVERY_S)
        rss_mib = _peak_mib(operator)
    rows = [*_settled(stage, fleet, rss_mib), *_restarted(stage, fleet), *_quiet(stage, fleet)]
    with stage.operator():
        stage.clear(fleet)
    return rows


def _is_counted(stage: Stage, fleet: str) -> bool:
    """Whether the Deployments' own statuses have reached the services', too: no write is due any more."""
    return all(each["status"].get("replicas") == 1 for each in stage.services(fleet))


def _settled(stage: Stage, fleet: str, rss_mib: float) -> list[Row]:
    """From the first service's creation to the operator's last write: after it all was as it should be."""
    every = [write for write in writes(stage.plane) if write.namespace == fleet]
    log = [write for write in every if write.is_operators]
    settle_s = log[-1].at - next(write.at for write in every if write.resource == "diarizationservices")
    per_child = Counter((write.resource, write.name) for write in log if write.is_to_a_child)
    per_status = Counter(write.name for write in log if write.subresource == "status")
    count = len(stage.services(fleet))
    what = f"{count} services created at once; {len(per_child)} children; by the API server's audit log"
    return [
        Row("settle_500_s", settle_s, "s", "<= 60", f"{what}; every status tells of the scheduler's refusal"),
        Row("rss_500_mib", rss_mib, "MiB", "<= 256", "peak resident memory of the operator meanwhile"),
        Row("writes_per_child", max(per_child.values()), "writes", "<= 1", f"the most of any child; {what}"),
        Row(
            "status_writes_per_service", max(per_status.values()), "writes", "<= 3", f"the most of any service; {what}"
        ),
    ]


def _restarted(stage: Stage, fleet: str) -> list[Row]:
    before, started = len(_operators_writes(stage)), time.monotonic()
    with stage.operator() as operator:
        ready_s = time.monotonic() - started
        count = len(stage.services(fleet))
        eventually(lambda: operator.count(RECONCILES) >= count, "a look at every service", 60)
    written = len(_operators_writes(stage)) - before
    return [
        Row("restart_writes", written, "writes", "<= 0", f"operator started on {count} settled services"),
        Row("restart_ready_s", ready_s, "s", "<= 10", "from the start of its process to /readyz"),
    ]


def _quiet(stage: Stage, fleet: str) -> list[Row]:
    versions = _versions(stage, fleet)
    before, count = len(_operators_writes(stage)), len(stage.services(fleet))
    with stage.operator(SD_RESYNC_SECONDS=str(stage.little(3, 1))) as operator:
        looks = operator.count(RECONCILES)
        eventually(lambda: operator.count(RECONCILES) >= looks + LOOKS * count, "ten looks at each", 300)
    changed = sum(version != versions[uid] for uid, version in _versions(stage, fleet).items())
    written = len(_operators_writes(stage)) - before
    detail = f"{LOOKS} forced looks at {count} settled services; {changed} resourceVersions changed"
    return [Row("quiet_writes", written + changed, "writes", "<= 0", detail)]


def _versions(stage: Stage, fleet: str) -> dict[str, str]:
    objects = [*stage.services(fleet), *stage.children(fleet)]
    return {each["metadata"]["uid"]: each["metadata"]["resourceVersion"] for each in objects}


def _operators_writes(stage: Stage) -> list[Write]:
    """All but those of its Lease, which it renews all the time."""
    return [write for write in writes(stage.plane) if write.is_operators and write.resource != "leases"]


def _peak_mib(operator: RunningOperator) -> float:
    lines = Path(f"/proc/{operator.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
