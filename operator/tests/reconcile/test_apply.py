"""A plan is applied in a safe order, and what the API server rejects becomes a message; the rest is still applied."""

import asyncio
import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from sd_harness.services.live_objects import INSTALLATION, live, pod, service
from sd_harness.services.observations import desired_state, observation
from sd_harness.services.service_specs import DEMO, with_demo
from sd_operator.children import config_map, desired
from sd_operator.kube.cache import Cache, Key
from sd_operator.kube.errors import AlreadyExistsError, RejectedError, UnavailableError
from sd_operator.reconcile.apply import Applier
from sd_operator.reconcile.decide import decide
from sd_operator.reconcile.drift.admission import ACCEPTED_ANNOTATION
from sd_operator.reconcile.finding import Finding
from sd_operator.reconcile.model.model_jobs import ModelJobs
from sd_operator.reconcile.plan import Change, Outcome, Plan
from sd_operator.reconcile.retry_backoff import POD_RETRY_ANNOTATION
from sd_operator.reconcile.scale_down import DELETION_COST_ANNOTATION
from sd_operator.resources import Manifest

KEY = Key("default", "demo")
SERVICE = service(DEMO)
CHILDREN = desired(SERVICE, INSTALLATION)
EVERYTHING = decide(observation())
JOB = {"kind": "Job", "metadata": {"name": "demo-model-1", "namespace": "default"}}


@dataclass
class FakeServer:
    """Accepts what it does not reject by kind, and records the order of the writes."""

    rejected: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()
    """Kinds of which an object of the name exists."""
    admission: dict[str, Manifest] = field(default_factory=dict[str, Manifest])
    """The fields that admission replaces, by kind."""
    writes: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    annotations: list[Mapping[str, str | None]] = field(default_factory=list[Mapping[str, str | None]])

    async def apply(self, manifest: Manifest) -> Manifest:
        return self._write("apply", manifest)

    async def apply_if_absent(self, manifest: Manifest) -> Manifest:
        if manifest["kind"] in self.taken:
            raise AlreadyExistsError(live(manifest | {"spec": "foreign"}))
        return self._write("apply", manifest)

    async def annotate(self, found: Manifest, annotations: Mapping[str, str | None]) -> Manifest:
        self.annotations.append(annotations)
        written = self._write("annotate", found)
        metadata = written["metadata"]
        return written | {"metadata": metadata | {"annotations": metadata.get("annotations", {}) | annotations}}

    async def create(self, manifest: Manifest) -> Manifest:
        return self._write("create", manifest)

    async def delete(self, manifest: Manifest) -> None:
        self._write("delete", manifest)

    def _write(self, verb: str, manifest: Manifest) -> Manifest:
        if manifest["kind"] in self.rejected:
            raise RejectedError(f"a policy forbids {manifest['kind']}", 403)
        self.writes.append((verb, manifest["kind"]))
        version = len(self.writes)
        return live(manifest | self.admission.get(manifest["kind"], {}), version)


async def applied(
    plan: Plan, server: FakeServer | None = None, cache: Cache | None = None
) -> tuple[FakeServer, Outcome]:
    """Apply a plan; return the server with the writes, and the outcome."""
    server, cache = server or FakeServer(), cache or Cache()
    kube: Any = server
    return server, await Applier(kube, cache, ModelJobs(kube, cache)).apply(KEY, plan)


def messages(outcome: Outcome) -> list[str]:
    """Return the messages about what was rejected."""
    return [error.message for error in outcome.errors]


async def test_the_deployment_is_applied_after_what_its_pods_read() -> None:
    server, outcome = await applied(EVERYTHING)
    kinds = [kind for _, kind in server.writes]
    assert sorted(kinds) == sorted(manifest["kind"] for manifest in CHILDREN)
    assert kinds.index("Deployment") > max(kinds.index("ServiceAccount"), kinds.index("ConfigMap"))
    assert outcome.errors == []
    assert len(outcome.applied) == len(outcome.live) == len(CHILDREN)


async def test_without_their_settings_no_pods_are_created() -> None:
    server, outcome = await applied(EVERYTHING, FakeServer(rejected=("ConfigMap",)))
    assert ("apply", "Deployment") not in server.writes
    assert ("apply", "NetworkPolicy") in server.writes
    name = config_map.name(SERVICE)
    assert messages(outcome) == [f"The API server rejected ConfigMap {name}: a policy forbids ConfigMap"]


async def test_an_object_with_the_name_of_a_new_child_is_found_and_no_pod_reads_it() -> None:
    server, outcome = await applied(EVERYTHING, FakeServer(taken=("ServiceAccount", "NetworkPolicy")))
    assert sorted(each["kind"] for each in outcome.found) == ["NetworkPolicy", "ServiceAccount"]
    assert {each["spec"] for each in outcome.found} == {"foreign"}
    assert outcome.errors == []
    assert ("apply", "ConfigMap") in server.writes
    assert ("apply", "Deployment") not in server.writes


async def test_an_outage_is_raised_only_when_no_write_is_in_flight() -> None:
    server = FakeServer()
    accept = server.apply_if_absent

    async def apply_if_absent(manifest: Manifest) -> Manifest:
        if manifest["kind"] == "ServiceAccount":
            raise UnavailableError("no response")
        await asyncio.sleep(0.01)
        return await accept(manifest)

    server.apply_if_absent = apply_if_absent
    with pytest.raises(UnavailableError):
        await applied(EVERYTHING, server)
    writes = [*server.writes]
    assert ("apply", "NetworkPolicy") in writes
    await asyncio.sleep(0.1)
    assert server.writes == writes


async def test_a_rejected_deletion_is_reported_and_stops_nothing() -> None:
    scaled = desired_state(with_demo(autoscaling={"mode": "hpa"}))
    before = [live(copy.deepcopy(manifest)) for manifest in scaled.children]
    without_front = [each for each in before if (each["kind"], each["metadata"]["name"]) != ("Service", "demo")]
    server, outcome = await applied(
        decide(observation(*without_front)), FakeServer(rejected=("HorizontalPodAutoscaler",))
    )
    assert ("apply", "Service") in server.writes
    assert messages(outcome) == [
        "The API server rejected the deletion of HorizontalPodAutoscaler demo: a policy forbids HorizontalPodAutoscaler"
    ]


async def test_an_autoscaler_is_deleted_before_and_everything_else_after_the_children() -> None:
    account = next(each for each in CHILDREN if each["kind"] == "ServiceAccount")
    unwanted = [live({"kind": kind, "metadata": {"name": "demo"}}) for kind in ("Ingress", "HorizontalPodAutoscaler")]
    server, _ = await applied(Plan(apply=[Change(account)], delete=unwanted))
    assert server.writes == [("delete", "HorizontalPodAutoscaler"), ("apply", "ServiceAccount"), ("delete", "Ingress")]


def mirrored(spec: Manifest, **annotations: str | None) -> tuple[Plan, dict[str, Manifest]]:
    """Return the plan for a NetworkPolicy, and what admission makes of it."""
    manifest = next(each.manifest for each in EVERYTHING.apply if each.manifest["kind"] == "NetworkPolicy")
    kept = {"spec": manifest["spec"] | spec}
    if annotations:
        metadata = manifest["metadata"]
        kept["metadata"] = metadata | {"annotations": metadata["annotations"] | annotations}
    return Plan(apply=[Change(manifest, live(manifest))]), {"NetworkPolicy": kept}


async def test_a_field_that_admission_changed_is_recorded_on_the_object_once() -> None:
    plan, admission = mirrored({"policyTypes": ["Ingress"]})
    cache = Cache()
    server, outcome = await applied(plan, FakeServer(admission=admission), cache)
    assert server.writes == [("apply", "NetworkPolicy"), ("annotate", "NetworkPolicy")]
    [annotations] = server.annotations
    assert list(annotations) == [ACCEPTED_ANNOTATION]
    [child] = outcome.live
    assert child["metadata"]["annotations"][ACCEPTED_ANNOTATION] == annotations[ACCEPTED_ANNOTATION]
    [cached] = cache.children(KEY)
    assert cached["metadata"]["annotations"] == child["metadata"]["annotations"]

    plan, admission = mirrored({"policyTypes": ["Ingress"]}, **annotations)
    server, _ = await applied(plan, FakeServer(admission=admission))
    assert server.writes == [("apply", "NetworkPolicy")]


async def test_the_record_is_removed_when_admission_no_longer_changes_the_object() -> None:
    plan, admission = mirrored({}, **{ACCEPTED_ANNOTATION: "{}"})
    server, _ = await applied(plan, FakeServer(admission=admission))
    assert server.annotations == [{ACCEPTED_ANNOTATION: None}]


async def test_pods_are_marked_first_and_a_pod_that_is_gone_stops_nothing() -> None:
    account = next(each for each in CHILDREN if each["kind"] == "ServiceAccount")
    plan = Plan(apply=[Change(account)], deletion_costs=[(pod("idle"), "0"), (pod("busy"), "9000")])
    server, _ = await applied(plan)
    assert server.writes == [("annotate", "Pod"), ("annotate", "Pod"), ("apply", "ServiceAccount")]
    assert server.annotations == [{DELETION_COST_ANNOTATION: "0"}, {DELETION_COST_ANNOTATION: "9000"}]
    server, outcome = await applied(plan, FakeServer(rejected=("Pod",)))
    assert (server.writes, outcome.errors) == ([("apply", "ServiceAccount")], [])


async def test_rejected_pods_are_retried_unless_something_else_was_rejected() -> None:
    account = next(each for each in CHILDREN if each["kind"] == "ServiceAccount")
    found = live({"kind": "Deployment", "metadata": {"name": "demo"}})
    plan = Plan(apply=[Change(account)], pod_retry=(found, "2026-01-02T03:04:05+00:00"))
    server, _ = await applied(plan)
    assert server.annotations == [{POD_RETRY_ANNOTATION: "2026-01-02T03:04:05+00:00"}]
    server, _ = await applied(plan, FakeServer(rejected=("ServiceAccount",)))
    assert server.annotations == []


@pytest.mark.parametrize("prevented_by", ["nothing", "an error of the plan", "a rejection", "a taken name"])
async def test_a_model_job_is_created_only_after_all_children_were_applied(prevented_by: str) -> None:
    account = next(each for each in CHILDREN if each["kind"] == "ServiceAccount")
    errors = [Finding("NameTaken", "Taken.")] if prevented_by == "an error of the plan" else []
    plan = Plan(apply=[Change(account)], create_job=JOB, errors=errors)
    server = FakeServer(
        rejected=("ServiceAccount",) if prevented_by == "a rejection" else (),
        taken=("ServiceAccount",) if prevented_by == "a taken name" else (),
    )
    await applied(plan, server)
    assert (("create", "Job") in server.writes) is (prevented_by == "nothing")
