"""A hundred edits of a spec while something else drives the scale subresource: nobody's replicas are written back."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sd_harness.control_plane.operator_testbed import diarization_service
from sd_harness.control_plane.processes import eventually
from sd_harness.services.service_specs import with_demo
from sd_operator.resources import DEPLOYMENTS, DIARIZATION_SERVICES

from benchmarks.operator.api_client import ApiClient
from benchmarks.operator.audit_log import writes
from benchmarks.operator.benchmark_cluster import BenchmarkCluster
from benchmarks.record import Row

EDITS = 100
EVERY_S = 0.05
MOST = 4
LAST = 3
NAME = "scaled"
PATH = DIARIZATION_SERVICES.path(NAME, NAME)


@dataclass(slots=True)
class Driver:
    """Scales up and down, as an autoscaler does; counts how often it finds another number than it has set."""

    api: ApiClient
    set_to: int = 1
    scaled: int = 0
    written_back: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def drive(self) -> None:
        """Works until it is over."""
        while not self.over.wait(EVERY_S):
            self.set(self.scaled % MOST + 1)

    def set(self, replicas: int) -> None:
        """Looks, then sets the replicas."""
        found = self.api.request("GET", PATH)["spec"]["replicas"]
        self.written_back += found != self.set_to
        self.set_to = replicas
        patch = {"spec": {"replicas": replicas}}
        self.api.request("PATCH", f"{PATH}/scale", patch, "application/merge-patch+json")
        self.scaled += 1


def measure(cluster: BenchmarkCluster) -> list[Row]:
    """The edits are applied by somebody whose manifest leaves the replicas out."""
    edits = cluster.sample_size(EDITS, 10)
    cluster.namespace(NAME)
    with cluster.operator():
        _edit(cluster, 1)
        cluster.wait_until_settled(NAME)
        with _driven(cluster) as driver:
            for number in range(edits):
                _edit(cluster, number % 16 + 1)
                time.sleep(2 * EVERY_S)
        driver.set(LAST)
        eventually(lambda: cluster.api.request("GET", DEPLOYMENTS.path(NAME, NAME))["spec"]["replicas"] == LAST, "pods")
        cluster.wait_until_settled(NAME)
        driver.set(LAST)
    mine = [
        each for each in writes(cluster.plane) if each.is_by_operator and each.resource == DIARIZATION_SERVICES.plural
    ]
    spec = [each for each in mine if each.subresource != "status"]
    detail = f"{edits} edits, {driver.scaled} writes of /scale meanwhile; {len(spec)} writes of a spec by the operator"
    return [Row("replicas_written_back", driver.written_back + len(spec), "times", "<= 0", detail)]


@contextmanager
def _driven(cluster: BenchmarkCluster) -> Iterator[Driver]:
    driver = Driver(cluster.api)
    thread = threading.Thread(target=driver.drive)
    thread.start()
    try:
        yield driver
    finally:
        driver.over.set()
        thread.join()


def _edit(cluster: BenchmarkCluster, adapters: int) -> None:
    spec = with_demo(autoscaling={"mode": "external"}, serving={"adapters": adapters})
    manifest = diarization_service(spec, {"name": NAME, "namespace": NAME})
    cluster.api.request("PATCH", f"{PATH}?fieldManager=editor", manifest, "application/apply-patch+yaml")
