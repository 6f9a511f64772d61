"""Latency from the creation of a service to the creation of its last child."""

from __future__ import annotations

import time
from statistics import median, quantiles

from sd_harness.control_plane.operator_testbed import diarization_service
from sd_harness.services.service_specs import DEMO

from benchmarks.operator.audit_log import Write, writes
from benchmarks.operator.benchmark_cluster import BenchmarkCluster
from benchmarks.record import Row

RUNS = 200
INTERVAL_S = 0.25


def measure(cluster: BenchmarkCluster) -> list[Row]:
    """Create services with the default children, one after the other."""
    names = [f"created-{number}" for number in range(cluster.sample_size(RUNS, 20))]
    with cluster.operator():
        namespace = cluster.namespace("created")
        for name in names:
            cluster.api.create(diarization_service(DEMO, {"name": name, "namespace": namespace}))
            time.sleep(INTERVAL_S)
        cluster.wait_until_settled(namespace)
        children = len(cluster.children(namespace)) // len(names)
        latencies_ms = [_latency_ms(name, writes(cluster.plane)) for name in names]
        cluster.delete_services(namespace)
    detail = f"{len(names)} services with {children} children each, one every {INTERVAL_S:g} s; times of the audit log"
    return [
        Row("children_created_ms_p50", median(latencies_ms), "ms", "<= 60", detail),
        Row("children_created_ms_p99", quantiles(latencies_ms, n=100)[98], "ms", "<= 200", detail),
    ]


def _latency_ms(name: str, log: list[Write]) -> float:
    own = [write for write in log if f"{write.name}-".startswith(f"{name}-") and not write.subresource]
    [created] = [write.at for write in own if write.resource == "diarizationservices" and write.verb == "create"]
    return (max(write.at for write in own if write.is_child_write) - created) * 1000
