"""Reading and writing of model Jobs. Only one Job at a time uses a claim."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sd_operator.api.reason import Reason
from sd_operator.api.service import DiarizationService
from sd_operator.api.source import Demo
from sd_operator.children.model_job import CLAIM_ANNOTATION
from sd_operator.kube.cache import Cache, Key
from sd_operator.kube.client import KubeClient
from sd_operator.kube.errors import RejectedError
from sd_operator.reconcile.conditions.kubelet_events import late_pod, setup_failure
from sd_operator.reconcile.conditions.rollout import Rollout
from sd_operator.reconcile.finding import Finding, pod_rejection
from sd_operator.reconcile.model.job import ModelJob, model_jobs
from sd_operator.reconcile.model.model_garbage_collection import ClaimUser, claim_user, outdated_models
from sd_operator.reconcile.model.provisioning import ModelObservation
from sd_operator.reconcile.objects import annotation
from sd_operator.reconcile.plan import Outcome
from sd_operator.resources import DEPLOYMENTS, Manifest

USUAL_POD_CREATION_S = 5.0
"""A Job whose pod is created within this time needs no explanation."""

ReadEvents = Callable[[Manifest], Awaitable[Sequence[Manifest]]]
"""Returns the Events of an object."""


@dataclass(frozen=True, slots=True)
class ModelJobs:
    """The model Jobs of all services."""

    kube: KubeClient
    cache: Cache
    _creating: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def observe(
        self, key: Key, service: DiarizationService, resource: Manifest, now: datetime, read_events: ReadEvents
    ) -> ModelObservation:
        """Return what a decision about the model of a service depends on.

        Raises:
            UnavailableError: the API server did not respond.
        """
        jobs = model_jobs(self.cache.model_jobs(key), self.cache.model_job_pods(key))
        if isinstance(service.source, Demo):
            return ModelObservation(jobs)
        jobs = [await _with_pod_rejection(job, now, read_events) for job in jobs]
        pod = late_pod([job.pod for job in jobs if job.pod and not job.has_finished], now)
        failure = setup_failure(pod, await read_events(pod)) if pod else None
        outdated = outdated_models(resource)
        return ModelObservation(
            jobs,
            self.cache.serving_pods(key),
            [*self._claim_users(key)] if outdated else [],
            dict(self._busy_claims(key)),
            outdated,
            self._is_rolled_out(key),
            {pod["metadata"]["uid"]: failure} if pod and failure else {},
        )

    async def apply(self, key: Key, outcome: Outcome) -> None:
        """Delete and create the Jobs of a plan.

        Raises:
            UnavailableError: the API server did not respond. The name of a Job is a function of its task and attempt,
                so the next pass does not create it twice.
        """
        try:
            for job in outcome.plan.delete_jobs:
                await self.kube.delete(job)
            if outcome.plan.create_job:
                await self._create(key, outcome.plan.create_job)
        except RejectedError as error:
            message = f"The API server rejected a model Job: {error}"
            outcome.errors.append(Finding(Reason.REQUEST_REJECTED, message))

    async def _create(self, key: Key, job: Manifest) -> None:
        async with self._creating:  # two services may have observed the same claim as free
            if annotation(job, CLAIM_ANNOTATION) in dict(self._busy_claims(key)):
                return
            if created := await self.kube.create(job):
                self.cache.upsert(created)

    def _busy_claims(self, key: Key) -> Iterator[tuple[str, str]]:
        """Yield the claims that Jobs of other services use, each with its Job."""
        for other in self.cache.keys_with_model_jobs(key.namespace):
            if other == key:
                continue
            for job in model_jobs(self.cache.model_jobs(other), self.cache.model_job_pods(other)):
                if job.claim and not job.has_finished:
                    yield job.claim, job.name

    def _claim_users(self, key: Key) -> Iterator[ClaimUser]:
        """Yield all services of the namespace."""
        for other in self.cache.keys_in_namespace(key.namespace):
            if resource := self.cache.service(other):
                yield claim_user(resource, has_rolled_out=self._is_rolled_out(other))

    def _is_rolled_out(self, key: Key) -> bool:
        deployment = next((child for child in self.cache.children(key) if child["kind"] == DEPLOYMENTS.kind), None)
        return Rollout.of(deployment).is_complete


async def _with_pod_rejection(job: ModelJob, now: datetime, read_events: ReadEvents) -> ModelJob:
    """Return the Job with the reason why it has no pod, which only its Events report."""
    if job.pod or job.has_finished or job.is_younger_than(USUAL_POD_CREATION_S, now):
        return job
    failures = [event for event in await read_events(job.live) if event.get("reason") == "FailedCreate"]
    if not failures:
        return job
    message = max(failures, key=lambda event: event.get("lastTimestamp") or "").get("message", "")
    return replace(job, pod_rejection=pod_rejection(f"The pod of Job {job.name} cannot be created: {message}"))
