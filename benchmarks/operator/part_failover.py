"""Two operators: the leader is killed, or frozen for a minute and let go again."""

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

FROZEN_S = 60.0


def measure(cluster: BenchmarkCluster) -> list[Row]:
    """Seconds without a leader, and what a leader writes that no longer is one."""
    killed_s = [_killed(cluster, number) for number in range(cluster.sample_size(3, 1))]
    frozen_s, after_loss = _frozen(cluster, cluster.sample_size(int(FROZEN_S), 25))
    detail = f"killed: {', '.join(f'{each:.1f}' for each in killed_s)} s; frozen: {frozen_s:.1f} s; to the first write"
    return [
        Row("failover_s_max", max(*killed_s, frozen_s), "s", "<= 20", detail),
        Row("writes_after_loss", after_loss, "writes", "<= 0", "of a leader frozen while work came in, then let go"),
    ]


def _killed(cluster: BenchmarkCluster, number: int) -> float:
    with cluster.operator(SD_IDENTITY="first") as first, cluster.operator(SD_IDENTITY="second") as second:
        leader, _ = _roles(first, second)
        leader.process.kill()
        started = time.monotonic()
        _work_is_done(cluster, f"failover-{number}")
        return time.monotonic() - started


def _frozen(cluster: BenchmarkCluster, frozen_s: float) -> tuple[float, int]:
    with cluster.operator(SD_IDENTITY="first") as first, cluster.operator(SD_IDENTITY="second") as second:
        leader, _ = _roles(first, second)
        os.kill(leader.process.pid, signal.SIGSTOP)
        started = time.monotonic()
        _work_is_done(cluster, "frozen")
        took_s = time.monotonic() - started
        time.sleep(max(0.0, frozen_s - took_s))
        before, thawed = len(writes(cluster.plane)), time.time()
        cluster.create_services("thawed", DEMO, 5)
        os.kill(leader.process.pid, signal.SIGCONT)
        cluster.wait_until_settled("thawed")
        time.sleep(3)
        written = [each for each in writes(cluster.plane)[before:] if each.is_by_operator and each.at >= thawed]
        mine = [each for each in written if leader.name in each.agent]
        return took_s, len([each for each in mine if each.resource != "leases"])


def _roles(first: RunningOperator, second: RunningOperator) -> tuple[RunningOperator, RunningOperator]:
    """The one that leads, and the other."""
    eventually(lambda: first.is_leader or second.is_leader, "a leader", 30)
    return (first, second) if first.is_leader else (second, first)


def _work_is_done(cluster: BenchmarkCluster, name: str) -> None:
    """A service is created and gets a child: somebody leads."""
    namespace = cluster.namespace(name)
    cluster.api.create(diarization_service(DEMO, {"name": "demo", "namespace": namespace}))
    eventually(lambda: cluster.children(namespace), "a child", 60)
    cluster.wait_until_settled(namespace)
    cluster.api.delete(DIARIZATION_SERVICES, namespace, "demo")
