"""Model Jobs are read from the cache, with Events only if a Job has no pod; only one Job at a time uses a claim."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sd_harness.services.live_objects import pod, resource
from sd_harness.services.model_jobs import NOW, SHARED, first_job, new, running_job, timestamp
from sd_harness.services.service_specs import DEMO, Spec, with_hugging_face
from sd_operator.kube.cache import Cache, Key
from sd_operator.kube.errors import RejectedError
from sd_operator.reconcile.finding import Finding
from sd_operator.reconcile.model.job import JOB_NAME_LABEL
from sd_operator.reconcile.model.model_jobs import ModelJobs
from sd_operator.reconcile.model.provisioning import ModelObservation
from sd_operator.reconcile.plan import Outcome, Plan
from sd_operator.resources import COMPONENT_LABEL, MODEL_COMPONENT, Manifest

KEY, OTHER = Key("default", "demo"), Key("default", "other")


@dataclass
class FakeServer:
    """Records the writes; a creation takes a moment."""

    writes: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    is_rejected: bool = False

    async def create(self, manifest: Manifest) -> Manifest:
        await asyncio.sleep(0.01)
        return self._write("create", manifest)

    async def delete(self, manifest: Manifest) -> None:
        self._write("delete", manifest)

    def _write(self, verb: str, manifest: Manifest) -> Manifest:
        if self.is_rejected:
            raise RejectedError("a policy forbids Jobs", 403)
        self.writes.append((verb, manifest["metadata"]["name"]))
        return running_job(manifest).live


@dataclass
class FakeEvents:
    """Returns Events, and records the objects for which they were read."""

    events: list[Manifest] = field(default_factory=list[Manifest])
    read_for: list[str] = field(default_factory=list[str])

    async def read(self, live: Manifest) -> Sequence[Manifest]:
        self.read_for.append(live["metadata"]["name"])
        return self.events


def jobs_of(cache: Cache, server: FakeServer | None = None) -> ModelJobs:
    """Return the model Jobs over a cache and a server."""
    kube: Any = server or FakeServer()
    return ModelJobs(kube, cache)


def filled(spec: Spec, *objects: Manifest) -> Cache:
    """Return a cache with a service and other objects."""
    cache = Cache()
    for each in (resource(spec), *objects):
        cache.upsert(each)
    return cache


async def observed(cache: Cache, spec: Spec, events: FakeEvents) -> ModelObservation:
    """Return what is observed about the model of a service."""
    return await jobs_of(cache).observe(KEY, new(spec), resource(spec), NOW, events.read)


FAILED_CREATE = {"reason": "FailedCreate", "message": "exceeded quota: small", "lastTimestamp": timestamp(-1)}
HUB = with_hugging_face()
JOB = first_job(new(HUB))


async def test_events_are_read_only_for_a_job_that_takes_long_to_get_its_pod() -> None:
    events = FakeEvents([FAILED_CREATE])
    young = filled(HUB, running_job(JOB, created=-4).live)
    [job] = (await observed(young, HUB, events)).jobs
    assert (job.pod_rejection, events.read_for) == (None, [])
    late = filled(HUB, running_job(JOB, created=-6).live)
    [job] = (await observed(late, HUB, events)).jobs
    message = f"The pod of Job {JOB['metadata']['name']} cannot be created: exceeded quota: small"
    assert job.pod_rejection == Finding("QuotaExceeded", message)
    assert events.read_for == [JOB["metadata"]["name"]]


def pod_of(job: Manifest, **status: Any) -> Manifest:
    """Return the pod of a Job."""
    found = pod("job-pod", **status)
    found["metadata"]["labels"] |= {JOB_NAME_LABEL: job["metadata"]["name"], COMPONENT_LABEL: MODEL_COMPONENT}
    return found


async def test_events_of_a_pod_are_read_while_it_takes_long_to_be_set_up() -> None:
    scheduled = {"type": "PodScheduled", "status": "True", "lastTransitionTime": timestamp(-60)}
    events = FakeEvents([{"reason": "FailedMount", "message": "no such share", "metadata": {}}])
    cache = filled(HUB, running_job(JOB).live, pod_of(JOB, conditions=[scheduled]))
    seen = await observed(cache, HUB, events)
    assert events.read_for == ["job-pod"]
    assert seen.setup_failures == {"uid-job-pod": Finding("VolumePending", "Pod job-pod: no such share")}


async def test_the_demo_model_needs_no_further_observation() -> None:
    events = FakeEvents([FAILED_CREATE])
    seen = await observed(filled(DEMO, running_job(JOB, created=-60).live), DEMO, events)
    assert [each.name for each in seen.jobs] == [JOB["metadata"]["name"]]
    assert events.read_for == []


def second_service(cache: Cache) -> Manifest:
    """Put another service with the same claim into the cache; return its Job."""
    other = resource(SHARED, "other", uid="other")
    cache.upsert(other)
    job = first_job(new(SHARED))
    metadata = job["metadata"] | {"name": "other-model-1", "ownerReferences": [owner("other", "other")]}
    return job | {"metadata": metadata}


def owner(name: str, uid: str) -> Manifest:
    """Return an owner reference to a service."""
    return {"kind": "DiarizationService", "name": name, "uid": uid, "controller": True}


async def test_the_job_of_another_service_makes_its_claim_busy() -> None:
    cache = filled(SHARED)
    cache.upsert(running_job(second_service(cache)).live)
    seen = await observed(cache, SHARED, FakeEvents())
    assert seen.busy_claims == {"shared": "other-model-1"}


async def test_of_two_services_that_have_observed_a_free_claim_only_one_creates_its_job() -> None:
    cache, server = filled(SHARED), FakeServer()
    theirs, ours = second_service(cache), first_job(new(SHARED))
    jobs = jobs_of(cache, server)
    outcomes = [Outcome(Plan(create_job=ours)), Outcome(Plan(create_job=theirs))]
    await asyncio.gather(jobs.apply(KEY, outcomes[0]), jobs.apply(OTHER, outcomes[1]))
    assert server.writes == [("create", ours["metadata"]["name"])]
    assert [each.errors for each in outcomes] == [[], []]


async def test_jobs_are_deleted_before_one_is_created_and_a_rejection_is_reported() -> None:
    old = running_job(JOB).live
    outcome = Outcome(Plan(create_job=first_job(new(with_hugging_face(revision="v2"))), delete_jobs=[old]))
    server = FakeServer()
    await jobs_of(filled(HUB), server).apply(KEY, outcome)
    assert [verb for verb, _ in server.writes] == ["delete", "create"]
    await jobs_of(filled(HUB), FakeServer(is_rejected=True)).apply(KEY, outcome)
    [error] = outcome.errors
    assert error == Finding("RequestRejected", "The API server rejected a model Job: a policy forbids Jobs")
