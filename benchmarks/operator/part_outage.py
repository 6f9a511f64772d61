"""Convergence after the API server was unreachable, unresponsive or returned errors while objects changed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from sd_harness.control_plane.api_proxy import ApiProxy, proxied
from sd_harness.control_plane.operator_process import RunningOperator
from sd_harness.control_plane.operator_testbed import diarization_service
from sd_harness.control_plane.processes import eventually
from sd_harness.control_plane.proxy_server import ProxiedRequest
from sd_harness.services.service_specs import DEMO
from sd_operator.resources import DIARIZATION_SERVICES, SERVICES

from benchmarks.operator.audit_log import writes
from benchmarks.operator.benchmark_cluster import BenchmarkCluster
from benchmarks.record import Row

OUTAGE_S = 60
EXISTING, NEW, CHANGED, DELETED = 20, 10, range(5), range(5, 10)
"""Existing services, and those created, changed and deleted during the outage; the others each lose a child."""
CODES = (410, 409, 429, 500)
TIMEOUT_S = 120.0


def measure(cluster: BenchmarkCluster) -> list[Row]:
    """Measure each failure with services of its own and the same operator, which must not terminate."""
    codes = CODES[: cluster.sample_size(len(CODES), 1)]
    with proxied(cluster.plane) as proxy, cluster.operator(proxy=proxy) as operator:
        disconnected_s = _outage(cluster, "disconnected", proxy.disconnect, proxy, cluster.sample_size(OUTAGE_S, 2))
        stalled_s = _outage(cluster, "stalled", proxy.stall, proxy, cluster.sample_size(OUTAGE_S, 2))
        faults_s = {code: _faults(cluster, code, proxy, operator) for code in codes}
        assert operator.process.poll() is None
    duplicates = [
        child
        for namespace in ("disconnected", "stalled", *map(_fault_namespace, codes))
        for child in _created_twice(cluster, namespace)
    ]
    detail = (
        f"connections refused: {disconnected_s:.1f} s; no response: {stalled_s:.1f} s; from its end until convergence"
    )
    by_code = ", ".join(f"{code}: {duration_s:.1f} s" for code, duration_s in faults_s.items())
    return [
        Row(
            "outage_converged_s_max",
            max(disconnected_s, stalled_s),
            "s",
            "<= 30",
            f"{cluster.sample_size(OUTAGE_S, 2)} s; {detail}",
        ),
        Row("faults_converged_s_max", max(faults_s.values()), "s", "<= 30", f"3 writes and 3 watches each; {by_code}"),
        Row(
            "made_twice",
            len(duplicates),
            "objects",
            "<= 0",
            f"children created although they existed {duplicates[:3] or ''}",
        ),
    ]


def _outage(
    cluster: BenchmarkCluster, name: str, start: Callable[[], None], proxy: ApiProxy, duration_s: float
) -> float:
    namespace = cluster.create_services(name, DEMO, EXISTING)
    cluster.wait_until_settled(namespace)
    start()
    started = time.monotonic()
    _change_objects(cluster, namespace)
    time.sleep(max(0.0, duration_s - (time.monotonic() - started)))
    proxy.restore()
    return _convergence_s(cluster, namespace)


def _change_objects(cluster: BenchmarkCluster, namespace: str) -> None:
    """Create, change and delete services, and delete children."""
    for number in range(NEW):
        metadata = {"name": f"new-{number}", "namespace": namespace}
        cluster.api.create(diarization_service(DEMO, metadata))
    for number in CHANGED:
        patch = {"spec": {"serving": {"adapters": 3}}}
        cluster.api.patch(DIARIZATION_SERVICES, namespace, f"{namespace}-{number}", patch)
    for number in DELETED:
        cluster.api.delete(DIARIZATION_SERVICES, namespace, f"{namespace}-{number}")
    for number in range(DELETED.stop, EXISTING):
        cluster.api.delete(SERVICES, namespace, f"{namespace}-{number}")


def _faults(cluster: BenchmarkCluster, code: int, proxy: ApiProxy, operator: RunningOperator) -> float:
    namespace = cluster.create_services(_fault_namespace(code), DEMO, 5)
    cluster.wait_until_settled(namespace)
    matchers: tuple[Callable[[ProxiedRequest], bool], ...] = (
        lambda request: request.is_write,
        lambda request: request.is_watch,
    )
    for matches in matchers:
        proxy.inject(code, 3, matches)
    proxy.fail_watches(410)
    for number in range(5):
        patch = {"spec": {"serving": {"adapters": 3}}}
        cluster.api.patch(DIARIZATION_SERVICES, namespace, f"{namespace}-{number}", patch)
        cluster.api.delete(SERVICES, namespace, f"{namespace}-{number}")
    duration_s = _convergence_s(cluster, namespace)
    eventually(lambda: proxy.all_faults_used() and operator.is_ready(), "every injected error was returned", TIMEOUT_S)
    return duration_s


def _fault_namespace(code: int) -> str:
    return f"fault-{code}"


def _convergence_s(cluster: BenchmarkCluster, namespace: str) -> float:
    started = time.monotonic()
    cluster.wait_until_settled(namespace, timeout_s=TIMEOUT_S)
    return time.monotonic() - started


def _created_twice(cluster: BenchmarkCluster, namespace: str) -> list[tuple[str, str]]:
    """Children created more than once, or more than twice for a Service that was deleted manually."""
    own = [each for each in writes(cluster.plane) if each.namespace == namespace]
    creations = Counter((each.resource, each.name) for each in own if each.is_child_write and each.is_creation)
    allowed = {(SERVICES.plural, name): 2 for name in _deleted_services(namespace)}
    return [child for child, count in creations.items() if count > allowed.get(child, 1)]


def _deleted_services(namespace: str) -> set[str]:
    """Names of the Services that were deleted manually."""
    numbers = range(5) if namespace.startswith("fault") else range(DELETED.stop, EXISTING)
    return {f"{namespace}-{number}" for number in numbers}
