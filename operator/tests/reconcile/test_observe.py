"""The API server is asked only for what the cache cannot know, and only if it matters."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from sd_harness.services.live_objects import INSTALLATION, live, pod, resource
from sd_harness.services.observations import NOW, desired_state
from sd_harness.services.service_specs import DEMO, Spec, with_demo
from sd_operator.children.config_map import SETTINGS_ANNOTATION
from sd_operator.kube.cache import Cache, Key
from sd_operator.kube.discovery import Discovery
from sd_operator.kube.errors import RejectedError
from sd_operator.reconcile.drift.field_conflicts import IMMEDIATE_REPAIRS, RepairHistory
from sd_operator.reconcile.memory import Memory
from sd_operator.reconcile.model.model_jobs import ModelJobs
from sd_operator.reconcile.objects import identity
from sd_operator.reconcile.observation import Observation
from sd_operator.reconcile.observe import Observer
from sd_operator.reconcile.plan import Change
from sd_operator.resources import OPTIONAL_KINDS, Manifest, Resource

KEY = Key("default", "demo")


@dataclass
class FakeServer:
    """Has some objects, and records the requests to read them."""

    objects: list[Manifest] = field(default_factory=list[Manifest])
    replica_sets: list[Manifest] = field(default_factory=list[Manifest])
    events: list[Manifest] = field(default_factory=list[Manifest])
    are_events_rejected: bool = False
    requests: list[tuple[str, ...]] = field(default_factory=list[tuple[str, ...]])

    async def get(self, kind: Resource, namespace: str, name: str) -> Manifest | None:
        self.requests.append(("get", kind.kind, namespace, name))
        return next((each for each in self.objects if identity(each) == (kind.kind, name)), None)

    async def list_namespaced(self, namespace: str, kind: Resource, label_selector: str) -> Sequence[Manifest]:
        self.requests.append(("list", kind.kind, namespace, label_selector))
        return self.replica_sets

    async def list_events(self, found: Manifest) -> Sequence[Manifest]:
        self.requests.append(("events", found["metadata"]["name"]))
        if self.are_events_rejected:
            raise RejectedError("not allowed", 403)
        return self.events


@dataclass
class FakePods:
    """Report a backlog, and record which were asked."""

    asked: list[str] = field(default_factory=list[str])

    async def backlog_s(self, pods: Iterable[Manifest]) -> dict[str, float]:
        self.asked += [each["metadata"]["name"] for each in pods]
        return {f"uid-{name}": 1.0 for name in self.asked}


@dataclass
class World:
    """A cache with a service and its children, a server, and pods."""

    spec: Spec = field(default_factory=lambda: DEMO)
    server: FakeServer = field(default_factory=FakeServer)
    pods: FakePods = field(default_factory=FakePods)
    cache: Cache = field(default_factory=Cache)
    memory: Memory = field(default_factory=Memory)

    def __post_init__(self) -> None:
        self.cache.upsert(resource(self.spec))
        self.server.objects.append(resource(self.spec))

    def with_children(self, *manifests: Manifest) -> "World":
        """Put children into the cache, by default all desired ones."""
        for number, manifest in enumerate(manifests or desired_state(self.spec).children):
            self.cache.upsert(live(manifest, uid=f"uid-{number}-{manifest['kind']}"))
        return self

    async def observe(self) -> Observation | None:
        """Return what is observed."""
        kube: Any = self.server
        observer = Observer(
            kube=kube,
            cache=self.cache,
            installation=INSTALLATION,
            discovery=Discovery(kube),
            model_jobs=ModelJobs(kube, self.cache),
            pods=self.pods,
            now=lambda: NOW,
            monotonic_s=lambda: 10.0,
        )
        return await observer.observe(KEY, self.memory)

    async def observed(self) -> Observation:
        """Return what is observed of a service that exists."""
        seen = await self.observe()
        assert seen is not None
        return seen


async def test_a_settled_service_needs_no_request() -> None:
    world = World().with_children()
    seen = await world.observed()
    assert (world.server.requests, world.pods.asked) == ([], [])
    assert seen.desired is not None
    assert {identity(each) for each in seen.children} == {identity(each) for each in seen.desired.children}
    assert (seen.now, seen.monotonic_s) == (NOW, 10.0)


@pytest.mark.parametrize("metadata", [None, {"deletionTimestamp": "2026-01-01T00:00:00Z"}])
async def test_a_service_that_is_gone_or_being_deleted_is_not_observed(metadata: Manifest | None) -> None:
    world = World()
    world.cache = Cache()
    if metadata:
        world.cache.upsert(resource(DEMO, **metadata))
    assert await world.observe() is None
    assert world.server.requests == []


async def test_an_invalid_spec_is_observed_with_its_error() -> None:
    seen = await World(spec={"replicas": -1}).observed()
    assert seen.desired is None
    assert "spec.model: Field required" in seen.spec_error


async def test_children_of_kinds_that_the_cluster_lacks_are_not_desired() -> None:
    seen = await World(with_demo(monitoring={"podMonitor": True})).observed()
    assert seen.desired is not None
    assert seen.desired.missing_kinds == {"PodMonitor"}
    assert not {each["kind"] for each in seen.desired.children} & {each.kind for each in OPTIONAL_KINDS}


@pytest.mark.parametrize(
    ("found", "exists"),
    [
        (resource(DEMO), True),
        (resource(DEMO, deletionTimestamp="2026-01-01T00:00:00Z"), False),
        (resource(DEMO, uid="another"), False),
        (None, False),
    ],
    ids=["it exists", "it is being deleted", "another of its name", "it is gone"],
)
async def test_before_a_child_is_created_the_server_is_asked_whether_the_service_exists(
    found: Manifest | None, *, exists: bool
) -> None:
    world = World()
    world.server.objects = [found] if found else []
    assert (await world.observe() is not None) is exists
    assert world.server.requests == [("get", "DiarizationService", "default", "demo")]


def replica_set(settings: str, replicas: int, existing: int) -> Manifest:
    """Return a ReplicaSet of the Deployment."""
    template = {"metadata": {"annotations": {SETTINGS_ANNOTATION: settings}}}
    return {"spec": {"replicas": replicas, "template": template}, "status": {"replicas": existing}}


async def test_readers_of_settings_are_listed_only_if_there_are_earlier_settings() -> None:
    latest = desired_state(with_demo(serving={"adapters": 3}))
    earlier = next(each for each in desired_state().children if each["kind"] == "ConfigMap")
    world = World(with_demo(serving={"adapters": 3})).with_children(*latest.children, earlier)
    sets = [replica_set("gone", 0, 0), replica_set("wants", 1, 0), replica_set("has", 0, 1)]
    world.server.replica_sets = sets
    seen = await world.observed()
    settings = next(each for each in latest.children if each["kind"] == "ConfigMap")["metadata"]["name"]
    found = [each["metadata"]["annotations"][SETTINGS_ANNOTATION] for each in seen.settings_readers]
    assert found == [settings, "wants", "has"]
    [(verb, kind, namespace, selector)] = world.server.requests
    assert (verb, kind, namespace) == ("list", "ReplicaSet", "default")
    assert selector.startswith("app.kubernetes.io/instance=demo,")


@pytest.mark.parametrize(("replicas", "asked"), [(1, ["demo-1"]), (3, []), (4, [])])
async def test_the_pods_report_their_backlog_only_before_a_scale_down(replicas: int, asked: list[str]) -> None:
    world = World(with_demo(replicas=replicas)).with_children(*desired_state(with_demo(replicas=3)).children)
    world.cache.upsert(pod())
    world.cache.upsert(pod("deleted", 2) | {"metadata": pod("deleted")["metadata"] | {"deletionTimestamp": "now"}})
    seen = await world.observed()
    assert world.pods.asked == asked
    assert list(seen.backlogs_s) == [f"uid-{name}" for name in asked]


SCHEDULED = {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-01-02T03:04:00Z"}
FAILED_MOUNT = {"reason": "FailedMount", "message": "no such share", "metadata": {}}


async def test_events_are_read_for_the_newest_pod_that_takes_long_to_be_set_up() -> None:
    world = World().with_children()
    world.server.events = [FAILED_MOUNT]
    late = SCHEDULED | {"lastTransitionTime": "2026-01-02T03:03:00Z"}
    world.cache.upsert(pod("older", conditions=[late]))
    world.cache.upsert(pod("newer", created="2026-01-02T00:00:00Z", conditions=[late]))
    seen = await world.observed()
    assert world.server.requests == [("events", "newer")]
    assert [each.message for each in seen.setup_failures.values()] == ["Pod newer: no such share"]
    assert list(seen.setup_failures) == ["uid-newer"]


async def test_events_that_may_not_be_read_leave_the_reason_out() -> None:
    world = World().with_children()
    world.server.are_events_rejected = True
    world.cache.upsert(pod(conditions=[SCHEDULED | {"lastTransitionTime": "2026-01-02T03:03:00Z"}]))
    assert (await world.observed()).setup_failures == {}


async def test_a_pod_that_is_set_up_in_the_usual_time_needs_no_events() -> None:
    world = World().with_children()
    world.cache.upsert(pod(conditions=[SCHEDULED]))
    await world.observed()
    assert world.server.requests == []


def in_conflict(change: Change) -> RepairHistory:
    """Return the history of a child that was repaired too often a while ago."""
    history = RepairHistory().updated([change], [], -300)
    for _ in range(IMMEDIATE_REPAIRS):
        history = history.updated([change], [], 9)
    return history


async def test_managed_fields_are_read_for_a_child_in_conflict_that_differs() -> None:
    manifests = desired_state().children
    front = next(each for each in manifests if identity(each) == ("Service", "demo"))
    changed = front | {"spec": front["spec"] | {"type": "NodePort"}}
    world = World().with_children(*(each for each in manifests if each is not front), changed)
    world.memory.repairs[KEY] = in_conflict(Change(front, live(front)))
    world.server.objects.append(changed | {"from": "server"})
    seen = await world.observed()
    assert world.server.requests == [("get", "Service", "default", "demo")]
    assert seen.in_conflict == {("Service", "demo"): changed | {"from": "server"}}


async def test_a_child_in_conflict_that_is_as_desired_needs_no_request() -> None:
    world = World().with_children()
    front = next(each for each in desired_state().children if identity(each) == ("Service", "demo"))
    world.memory.repairs[KEY] = in_conflict(Change(front, live(front)))
    assert (await world.observed()).in_conflict == {}
    assert world.server.requests == []


async def test_a_child_that_is_deleted_repeatedly_is_asked_for_and_nothing_is_created() -> None:
    manifests = desired_state().children
    front = next(each for each in manifests if identity(each) == ("Service", "demo"))
    world = World().with_children(*(each for each in manifests if each is not front))
    world.memory.repairs[KEY] = in_conflict(Change(front))
    seen = await world.observed()
    assert world.server.requests == [("get", "Service", "default", "demo")]
    assert seen.in_conflict == {("Service", "demo"): None}


async def test_a_child_that_the_cache_does_not_know_is_used_after_it_was_found() -> None:
    manifests = desired_state().children
    front = next(each for each in manifests if identity(each) == ("Service", "demo"))
    world = World().with_children(*(each for each in manifests if each is not front))
    found = live(front, labels={})
    world.memory.found[KEY] = [found]
    seen = await world.observed()
    assert seen.unlisted == [found]
    assert seen.live["Service", "demo"] == found
    assert world.server.requests == []
