"""Failover between two operators when the leader is killed, or suspended for a minute and resumed."""

from __future__ import annotations

import os
import signal
import time

from sd_harness.control_plane.operator_process import RunningOperator
from sd_harness.control_plane.operator_testbed import diarization_service
from sd_harness.control_plane.processes import eventually
from sd_harness.services.service_specs import DEMO
from sd_operator.resources import DIARIZATION_SERVICES

from benchmarks.operator.audit_log import writes
from benchmarks.operator.benchmark_cluster import BenchmarkCluster
from benchmarks.record import Row

SUSPENDED_S = 60.0


def measure(cluster: BenchmarkCluster) -> list[Row]:
    """Measure the seconds without a leader, and the writes of a leader that lost its Lease."""
    killed_s = [_kill_leader(cluster, number) for number in range(cluster.sample_size(3, 1))]
    suspended_s, writes_after_loss = _suspend_leader(cluster, cluster.sample_size(int(SUSPENDED_S), 25))
    killed = ", ".join(f"{each:.1f}" for each in killed_s)
    detail = f"killed: {killed} s; suspended: {suspended_s:.1f} s; until the first write"
    return [
        Row("failover_s_max", max(*killed_s, suspended_s), "s", "<= 20", detail),
        Row(
            "writes_after_loss",
            writes_after_loss,
            "writes",
            "<= 0",
            "of a leader that was suspended while services were created, then resumed",
        ),
    ]


def _kill_leader(cluster: BenchmarkCluster, number: int) -> float:
    with cluster.operator(SD_IDENTITY="first") as first, cluster.operator(SD_IDENTITY="second") as second:
        leader = _wait_for_leader(first, second)
        leader.process.kill()
        started = time.monotonic()
        _reconcile_new_service(cluster, f"failover-{number}")
        return time.monotonic() - started


def _suspend_leader(cluster: BenchmarkCluster, suspended_s: float) -> tuple[float, int]:
    with cluster.operator(SD_IDENTITY="first") as first, cluster.operator(SD_IDENTITY="second") as second:
        leader = _wait_for_leader(first, second)
        os.kill(leader.process.pid, signal.SIGSTOP)
        started = time.monotonic()
        _reconcile_new_service(cluster, "suspended")
        failover_s = time.monotonic() - started
        time.sleep(max(0.0, suspended_s - failover_s))
        count, resumed_at = len(writes(cluster.plane)), time.time()
        cluster.create_services("resumed", DEMO, 5)
        os.kill(leader.process.pid, signal.SIGCONT)
        cluster.wait_until_settled("resumed")
        time.sleep(3)
        written = [each for each in writes(cluster.plane)[count:] if each.is_by_operator and each.at >= resumed_at]
        own = [each for each in written if leader.name in each.user_agent]
        return failover_s, len([each for each in own if each.resource != "leases"])


def _wait_for_leader(first: RunningOperator, second: RunningOperator) -> RunningOperator:
    eventually(lambda: first.is_leader or second.is_leader, "a leader", 30)
    return first if first.is_leader else second


def _reconcile_new_service(cluster: BenchmarkCluster, name: str) -> None:
    """Create a service and wait until an operator creates its children."""
    namespace = cluster.namespace(name)
    cluster.api.create(diarization_service(DEMO, {"name": "demo", "namespace": namespace}))
    eventually(lambda: cluster.children(namespace), "a child", 60)
    cluster.wait_until_settled(namespace)
    cluster.api.delete(DIARIZATION_SERVICES, namespace, "demo")
