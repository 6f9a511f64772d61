"""The API server is gone, says nothing, or answers wrongly for a while, and the work goes on meanwhile."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from sd_harness.control_plane.api_proxy import ApiProxy, ProxiedRequest, proxied
from sd_harness.control_plane.operator_process import RunningOperator
from sd_harness.control_plane.operator_testbed import diarization_service
from sd_harness.control_plane.processes import eventually
from sd_harness.services.service_specs import DEMO
from sd_operator.resources import DIARIZATION_SERVICES, SERVICES

from benchmarks.operator.audit_log import writes
from benchmarks.operator.benchmark_cluster import BenchmarkCluster
from benchmarks.record import Row

OUTAGE_S = 60
BEFORE, NEW, CHANGED, DELETED = 20, 10, range(5), range(5, 10)
"""Services that were there, are made, changed and deleted meanwhile; of those from ten on, each loses a child."""
CODES = (410, 409, 429, 500)
WITHIN_S = 120.0


def measure(cluster: BenchmarkCluster) -> list[Row]:
    """Each trouble with a fleet of its own; one operator, which is never restarted."""
    codes = CODES[: cluster.sample_size(len(CODES), 1)]
    with proxied(cluster.plane) as proxy, cluster.operator(through=proxy) as operator:
        cut_s = _outage(cluster, "cut", proxy.disconnect, proxy, cluster.sample_size(OUTAGE_S, 2))
        hushed_s = _outage(cluster, "hushed", proxy.stall, proxy, cluster.sample_size(OUTAGE_S, 2))
        faults_s = {code: _faults(cluster, code, proxy, operator) for code in codes}
        assert operator.process.poll() is None
    twice = [what for namespace in ("cut", "hushed", *map(_fault, codes)) for what in _made_twice(cluster, namespace)]
    detail = f"connections refused: {cut_s:.1f} s; no answer: {hushed_s:.1f} s; from its end until all is right"
    answers = ", ".join(f"{code}: {took_s:.1f} s" for code, took_s in faults_s.items())
    return [
        Row(
            "outage_converged_s_max",
            max(cut_s, hushed_s),
            "s",
            "<= 30",
            f"{cluster.sample_size(OUTAGE_S, 2)} s; {detail}",
        ),
        Row("faults_converged_s_max", max(faults_s.values()), "s", "<= 30", f"to 3 writes, 3 watches each; {answers}"),
        Row("made_twice", len(twice), "objects", "<= 0", f"children created although they existed {twice[:3] or ''}"),
    ]


def _outage(cluster: BenchmarkCluster, name: str, begin: Callable[[], None], proxy: ApiProxy, lasts_s: float) -> float:
    namespace = cluster.create_services(name, DEMO, BEFORE)
    cluster.wait_until_settled(namespace)
    begin()
    started = time.monotonic()
    _work(cluster, namespace)
    time.sleep(max(0.0, lasts_s - (time.monotonic() - started)))
    proxy.restore()
    return _converged_s(cluster, namespace)


def _work(cluster: BenchmarkCluster, namespace: str) -> None:
    """What people do meanwhile."""
    for number in range(NEW):
        metadata = {"name": f"new-{number}", "namespace": namespace}
        cluster.api.create(diarization_service(DEMO, metadata))
    for number in CHANGED:
        patch = {"spec": {"serving": {"adapters": 3}}}
        cluster.api.patch(DIARIZATION_SERVICES, namespace, f"{namespace}-{number}", patch)
    for number in DELETED:
        cluster.api.delete(DIARIZATION_SERVICES, namespace, f"{namespace}-{number}")
    for number in range(DELETED.stop, BEFORE):
        cluster.api.delete(SERVICES, namespace, f"{namespace}-{number}")


def _faults(cluster: BenchmarkCluster, code: int, proxy: ApiProxy, operator: RunningOperator) -> float:
    namespace = cluster.create_services(_fault(code), DEMO, 5)
    cluster.wait_until_settled(namespace)
    fits: tuple[Callable[[ProxiedRequest], bool], ...] = (
        lambda request: request.is_write,
        lambda request: request.is_watch,
    )
    for each in fits:
        proxy.inject(code, 3, each)
    proxy.fail_watches(410)
    for number in range(5):
        patch = {"spec": {"serving": {"adapters": 3}}}
        cluster.api.patch(DIARIZATION_SERVICES, namespace, f"{namespace}-{number}", patch)
        cluster.api.delete(SERVICES, namespace, f"{namespace}-{number}")
    took_s = _converged_s(cluster, namespace)
    eventually(lambda: proxy.all_faults_used() and operator.is_ready(), "every wrong answer was given", WITHIN_S)
    return took_s


def _fault(code: int) -> str:
    return f"fault-{code}"


def _converged_s(cluster: BenchmarkCluster, namespace: str) -> float:
    started = time.monotonic()
    cluster.wait_until_settled(namespace, within_s=WITHIN_S)
    return time.monotonic() - started


def _made_twice(cluster: BenchmarkCluster, namespace: str) -> list[tuple[str, str]]:
    """One creation of each child is right, and one more of a Service that was deleted by hand."""
    mine = [each for each in writes(cluster.plane) if each.namespace == namespace]
    made = Counter((each.resource, each.name) for each in mine if each.is_child_write and each.is_creation)
    allowed = {(SERVICES.plural, name): 2 for name in _by_hand(namespace)}
    return [what for what, count in made.items() if count > allowed.get(what, 1)]


def _by_hand(namespace: str) -> set[str]:
    """The Services that were deleted."""
    numbers = range(5) if namespace.startswith("fault") else range(DELETED.stop, BEFORE)
    return {f"{namespace}-{number}" for number in numbers}
