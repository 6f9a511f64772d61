"""Passes over a service with an API server in memory: one pass uses what the last one found, and then all is quiet."""

import copy
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from sd_harness.services.live_objects import INSTALLATION, resource
from sd_harness.services.observations import NOW, desired_state
from sd_harness.services.service_specs import DEMO
from sd_operator.kube.cache import Cache, Key
from sd_operator.kube.client import Listing
from sd_operator.kube.discovery import Discovery
from sd_operator.kube.errors import AlreadyExistsError, LeaseLostError
from sd_operator.reconcile.apply import Applier
from sd_operator.reconcile.drift.admission import ACCEPTED_ANNOTATION
from sd_operator.reconcile.model.model_jobs import ModelJobs
from sd_operator.reconcile.objects import Identity, identity
from sd_operator.reconcile.observe import Observer
from sd_operator.reconcile.reconciler import Reconciler
from sd_operator.reconcile.report import Reporter
from sd_operator.resources import MANAGED_BY_LABEL, Manifest, Resource

KEY = Key("default", "demo")
CHILDREN = {identity(each) for each in desired_state().children}


@dataclass
class FakeServer:
    """Keeps objects by kind and name. When `writes_left` is 0, it rejects writes as after a loss of the Lease."""

    objects: dict[Identity, Manifest] = field(default_factory=dict[Identity, Manifest])
    writes: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    writes_left: int = 10_000
    mirror: str = ""
    """The image that admission writes into the Deployment; empty for none."""
    versions: Any = field(default_factory=lambda: itertools.count(10))

    def __post_init__(self) -> None:
        self.store(resource(DEMO))

    def store(self, manifest: Manifest) -> Manifest:
        """Store an object as a new version; its generation increases if its spec has changed."""
        known = self.objects.get(identity(manifest))
        generation = known["metadata"]["generation"] if known else 0
        if known is None or known.get("spec") != manifest.get("spec"):
            generation += 1
        metadata = {"uid": f"uid-{manifest['kind']}-{manifest['metadata']['name']}", **manifest["metadata"]}
        metadata |= {"resourceVersion": str(next(self.versions)), "generation": generation}
        self.objects[identity(manifest)] = copy.deepcopy(manifest | {"metadata": metadata})
        return copy.deepcopy(self.objects[identity(manifest)])

    async def get(self, kind: Resource, namespace: str, name: str) -> Manifest | None:
        assert namespace == "default"
        return copy.deepcopy(self.objects.get((kind.kind, name)))

    async def list_namespaced(self, namespace: str, kind: Resource, label_selector: str) -> Sequence[Manifest]:
        assert (namespace, label_selector) != ("", "")
        return [each for each in self.objects.values() if each["kind"] == kind.kind]

    async def list(self, kind: Resource, label_selector: str = "") -> Listing:
        raise AssertionError(f"A pass does not list all {kind.plural} ({label_selector}).")

    async def list_events(self, live: Manifest) -> Sequence[Manifest]:
        raise AssertionError(f"No pod takes long to be set up, so no Events of {identity(live)} are needed.")

    async def apply(self, manifest: Manifest) -> Manifest:
        self._count("apply", manifest)
        known = self.objects.get(identity(manifest), {})
        kept = known.get("metadata", {}).get("annotations", {})
        metadata = manifest["metadata"]
        merged = manifest | {"metadata": metadata | {"annotations": kept | metadata.get("annotations", {})}}
        if "status" in known:
            merged["status"] = known["status"]
        merged = copy.deepcopy(merged)
        if self.mirror and manifest["kind"] == "Deployment":
            merged["spec"]["template"]["spec"]["containers"][0]["image"] = self.mirror
        return self.store(merged)

    async def apply_if_absent(self, manifest: Manifest) -> Manifest:
        if (known := self.objects.get(identity(manifest))) is not None:
            raise AlreadyExistsError(copy.deepcopy(known))
        return await self.apply(manifest)

    async def apply_status(self, manifest: Manifest) -> Manifest:
        self._count("status", manifest)
        return self.store(self.objects[identity(manifest)] | {"status": manifest["status"]})

    async def annotate(self, live: Manifest, annotations: Mapping[str, str | None]) -> Manifest:
        self._count("annotate", live)
        known = self.objects[identity(live)]
        merged = {**known["metadata"].get("annotations", {}), **annotations}
        kept = {name: value for name, value in merged.items() if value is not None}
        return self.store(known | {"metadata": known["metadata"] | {"annotations": kept}})

    async def create(self, manifest: Manifest) -> Manifest | None:
        self._count("create", manifest)
        return manifest

    async def delete(self, live: Manifest) -> None:
        self._count("delete", live)
        del self.objects[identity(live)]

    def _count(self, verb: str, manifest: Manifest) -> None:
        if self.writes_left == 0:
            raise LeaseLostError
        self.writes_left -= 1
        self.writes.append((verb, manifest["kind"]))


class NoPods:
    """The backlog reader of a service without pods."""

    async def backlog_s(self, pods: Any) -> dict[str, float]:
        assert [*pods] == []
        return {}


@dataclass
class World:
    """An operator process, its cache, and an API server."""

    server: FakeServer = field(default_factory=FakeServer)
    cache: Cache = field(default_factory=Cache)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Start another operator process."""
        self.cache = Cache()
        kube: Any = self.server
        jobs = ModelJobs(kube, self.cache)
        observer = Observer(
            kube=kube, cache=self.cache, installation=INSTALLATION, discovery=Discovery(kube), model_jobs=jobs,
            pods=NoPods(), now=lambda: NOW, monotonic_s=lambda: 10.0,
        )  # fmt: skip
        self.reconciler = Reconciler(
            observer=observer, applier=Applier(kube, self.cache, jobs), reporter=Reporter(kube, self.cache)
        )

    def watch(self) -> None:
        """Bring everything with the operator's label into the cache, as the watches do."""
        for live in self.server.objects.values():
            if live["kind"] == "DiarizationService" or MANAGED_BY_LABEL in live["metadata"].get("labels", {}):
                self.cache.upsert(copy.deepcopy(live))

    async def reconcile(self, passes: int = 1) -> float | None:
        """Make passes; return the delay until the next one."""
        delay_s: float | None = None
        for _ in range(passes):
            self.watch()
            delay_s = await self.reconciler.reconcile(KEY)
        return delay_s

    def status(self) -> Manifest:
        """Return the status of the service."""
        return self.server.objects["DiarizationService", "demo"].get("status", {})

    def condition(self, kind: str) -> tuple[str, str]:
        """Return status and reason of a condition."""
        found = next(each for each in self.status()["conditions"] if each["type"] == kind)
        return found["status"], found["reason"]


async def test_one_pass_creates_every_child_with_one_write_each_and_one_status() -> None:
    world = World()
    assert await world.reconcile() is None
    writes = [kind for verb, kind in world.server.writes if verb == "apply"]
    assert sorted(writes) == sorted(kind for kind, _ in CHILDREN)
    assert [verb for verb, _ in world.server.writes].count("status") == 1
    assert world.server.objects.keys() - {("DiarizationService", "demo")} == CHILDREN


async def test_further_passes_and_a_restarted_operator_write_nothing() -> None:
    world = World()
    await world.reconcile()
    world.server.writes.clear()
    await world.reconcile(3)
    world.restart()
    await world.reconcile(3)
    assert world.server.writes == []


async def test_an_operator_that_stops_after_any_write_leaves_a_state_from_which_the_next_one_continues() -> None:
    complete = World()
    await complete.reconcile()
    for stop_after in range(len(complete.server.writes)):
        world = World(FakeServer(writes_left=stop_after))
        with pytest.raises(LeaseLostError):
            await world.reconcile()
        world.server.writes_left = 10_000
        world.restart()
        await world.reconcile(2)
        assert world.server.objects.keys() == complete.server.objects.keys()
        assert world.status() == complete.status()
        applied = [write for write in world.server.writes if write[0] == "apply"]
        assert len(applied) == len(CHILDREN)


async def test_a_foreign_object_is_found_by_one_pass_and_reported_by_the_next() -> None:
    world = World()
    foreign = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "demo", "namespace": "default"}, "spec": {}}
    world.server.store(foreign)
    assert await world.reconcile() == 0.0
    assert world.status() == {}
    assert await world.reconcile() == 8.0
    assert world.condition("Ready") == ("False", "NameTaken")
    assert world.server.objects["Service", "demo"]["spec"] == {}
    del world.server.objects["Service", "demo"]
    await world.reconcile()
    assert world.server.objects["Service", "demo"]["spec"] != {}
    assert world.condition("Ready")[1] == "RollingOut"


async def test_a_child_without_its_label_is_found_and_gets_it_back() -> None:
    world = World()
    await world.reconcile()
    del world.server.objects["Service", "demo"]["metadata"]["labels"]
    world.restart()
    assert await world.reconcile() == 0.0
    assert await world.reconcile() is None
    assert MANAGED_BY_LABEL in world.server.objects["Service", "demo"]["metadata"]["labels"]


async def test_a_field_that_admission_changes_costs_one_annotation_and_then_nothing() -> None:
    world = World()
    world.server.mirror = "mirror.example/triton:1"
    await world.reconcile()
    assert [write for write in world.server.writes if write[1] == "Deployment"] == [
        ("apply", "Deployment"), ("annotate", "Deployment"),
    ]  # fmt: skip
    assert world.condition("Degraded") == ("False", "ChangedByAdmission")
    world.server.writes.clear()
    await world.reconcile(2)
    world.restart()
    await world.reconcile(2)
    assert world.server.writes == []


async def test_an_operator_that_stops_before_it_records_an_accepted_field_records_it_later() -> None:
    world = World()
    world.server.mirror = "mirror.example/triton:1"
    await world.reconcile()
    annotations = world.server.objects["Deployment", "demo"]["metadata"]["annotations"]
    del annotations[ACCEPTED_ANNOTATION]
    world.server.writes.clear()
    world.restart()
    await world.reconcile(2)
    assert world.server.writes == [("apply", "Deployment"), ("annotate", "Deployment")]


async def test_a_changed_spec_is_never_reported_as_ready_with_the_status_of_the_earlier_one() -> None:
    world = World()
    await world.reconcile()
    deployment = world.server.objects["Deployment", "demo"]
    served = {"replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1}
    world.server.store(deployment | {"status": {"observedGeneration": 1, **served}})
    await world.reconcile()
    assert world.condition("Ready") == ("True", "Serving")
    changed = world.server.objects["DiarizationService", "demo"]
    world.server.store(changed | {"spec": {**DEMO, "serving": {"adapters": 3}}})
    await world.reconcile()
    assert world.status()["observedGeneration"] == 2
    assert world.condition("Ready") == ("False", "RollingOut")


async def test_a_deleted_service_is_forgotten_and_costs_no_request() -> None:
    world = World()
    await world.reconcile()
    world.cache.delete(world.server.objects["DiarizationService", "demo"])
    world.server.objects.clear()
    world.server.writes.clear()
    assert await world.reconciler.reconcile(KEY) is None
    assert (world.server.writes, world.reconciler.memory.repairs) == ([], {})
