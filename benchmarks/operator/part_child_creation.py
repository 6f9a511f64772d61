"""How soon a service has its children: from the answer to its creation to the answer to the last child's."""

from __future__ import annotations

import time
from statistics import median, quantiles

from sd_harness.control_plane.operator_testbed import diarization_service
from sd_harness.services.service_specs import DEMO

from benchmarks.operator.audit_log import Write, writes
from benchmarks.operator.benchmark_cluster import BenchmarkCluster
from benchmarks.record import Row

RUNS = 200
GAP_S = 0.25


def measure(cluster: BenchmarkCluster) -> list[Row]:
    """Services with the default children, one after the other."""
    names = [f"pace-{number}" for number in range(cluster.sample_size(RUNS, 20))]
    with cluster.operator():
        namespace = cluster.namespace("pace")
        for name in names:
            cluster.api.create(diarization_service(DEMO, {"name": name, "namespace": namespace}))
            time.sleep(GAP_S)
        cluster.wait_until_settled(namespace)
        children = len(cluster.children(namespace)) // len(names)
        took_ms = [_took_ms(name, writes(cluster.plane)) for name in names]
        cluster.delete_services(namespace)
    detail = (
        f"{len(names)} services with {children} children each, one every {GAP_S:g} s; by the API server's audit log"
    )
    return [
        Row("children_created_ms_p50", median(took_ms), "ms", "<= 60", detail),
        Row("children_created_ms_p99", quantiles(took_ms, n=100)[98], "ms", "<= 200", detail),
    ]


def _took_ms(name: str, log: list[Write]) -> float:
    mine = [write for write in log if f"{write.name}-".startswith(f"{name}-") and not write.subresource]
    [created] = [write.at for write in mine if write.resource == "diarizationservices" and write.verb == "create"]
    return (max(write.at for write in mine if write.is_child_write) - created) * 1000
