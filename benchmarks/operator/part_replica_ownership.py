"""A hundred edits of a spec while an autoscaler writes the scale subresource; its replicas must not be overwritten."""

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
INTERVAL_S = 0.05
MAX_REPLICAS = 4
FINAL_REPLICAS = 3
NAME = "scaled"
PATH = DIARIZATION_SERVICES.path(NAME, NAME)


@dataclass(slots=True)
class Autoscaler:
    """Scales up and down, and counts how often the replicas differ from those that it set last."""

    api: ApiClient
    last_set: int = 1
    scaled: int = 0
    overwritten: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Scale until stopped."""
        while not self.stop.wait(INTERVAL_S):
            self.set(self.scaled % MAX_REPLICAS + 1)

    def set(self, replicas: int) -> None:
        """Compare the replicas with those set last, then set them."""
        current = self.api.request("GET", PATH)["spec"]["replicas"]
        self.overwritten += current != self.last_set
        self.last_set = replicas
        patch = {"spec": {"replicas": replicas}}
        self.api.request("PATCH", f"{PATH}/scale", patch, "application/merge-patch+json")
        self.scaled += 1


def measure(cluster: BenchmarkCluster) -> list[Row]:
    """Apply the edits with a manifest that does not contain the replicas."""
    edits = cluster.sample_size(EDITS, 10)
    cluster.namespace(NAME)
    with cluster.operator():
        _edit(cluster, 1)
        cluster.wait_until_settled(NAME)
        with _autoscaled(cluster) as autoscaler:
            for number in range(edits):
                _edit(cluster, number % 16 + 1)
                time.sleep(2 * INTERVAL_S)
        autoscaler.set(FINAL_REPLICAS)
        eventually(
            lambda: cluster.api.request("GET", DEPLOYMENTS.path(NAME, NAME))["spec"]["replicas"] == FINAL_REPLICAS,
            "pods",
        )
        cluster.wait_until_settled(NAME)
        autoscaler.set(FINAL_REPLICAS)
    own = [
        each for each in writes(cluster.plane) if each.is_by_operator and each.resource == DIARIZATION_SERVICES.plural
    ]
    spec = [each for each in own if each.subresource != "status"]
    detail = (
        f"{edits} edits, {autoscaler.scaled} writes of /scale meanwhile; {len(spec)} writes of a spec by the operator"
    )
    return [Row("replicas_written_back", autoscaler.overwritten + len(spec), "times", "<= 0", detail)]


@contextmanager
def _autoscaled(cluster: BenchmarkCluster) -> Iterator[Autoscaler]:
    autoscaler = Autoscaler(cluster.api)
    thread = threading.Thread(target=autoscaler.run)
    thread.start()
    try:
        yield autoscaler
    finally:
        autoscaler.stop.set()
        thread.join()


def _edit(cluster: BenchmarkCluster, adapters: int) -> None:
    spec = with_demo(autoscaling={"mode": "external"}, serving={"adapters": adapters})
    manifest = diarization_service(spec, {"name": NAME, "namespace": NAME})
    cluster.api.request("PATCH", f"{PATH}?fieldManager=editor", manifest, "application/apply-patch+yaml")
