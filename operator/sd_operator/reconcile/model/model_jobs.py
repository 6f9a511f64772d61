"""What has to be read and written about the model supply: the Jobs with their pods, and never two on one claim."""

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from sd_operator.api.service import DiarizationService
from sd_operator.api.source import Demo
from sd_operator.children.model_job import CLAIM_ANNOTATION
from sd_operator.kube.cache import Cache, Key
from sd_operator.kube.client import KubeClient
from sd_operator.kube.errors import RejectedError
from sd_operator.reconcile.conditions.kubelet_events import failed_setups
from sd_operator.reconcile.conditions.rollout import Rollout
from sd_operator.reconcile.model.job import SupplyJob, supply_jobs
from sd_operator.reconcile.model.model_garbage_collection import Neighbour, neighbour, outdated_models
from sd_operator.reconcile.model.provisioning import Known, Supply
from sd_operator.reconcile.reason import Cause, refusal_of_pods
from sd_operator.resources import DEPLOYMENTS, Manifest

logger = logging.getLogger(__name__)

USUAL_S = 5.0
"""A Job that has its pod within this time is nothing to ask about."""


@dataclass(frozen=True, slots=True)
class Errands:
    """The Jobs of all services."""

    kube: KubeClient
    cache: Cache
    _starting: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def known(self, key: Key, service: DiarizationService, resource: Manifest, now: datetime) -> Known:
        """What a decision about a service's model needs.

        Raises:
            UnavailableError: the API server did not answer.
        """
        jobs = supply_jobs(self.cache.model_jobs(key), self.cache.model_job_pods(key))
        if isinstance(service.source, Demo):
            return Known(jobs)
        jobs = [await self._with_refusal(job, now) for job in jobs]
        at_work = [job.pod for job in jobs if job.pod and not job.has_ended]
        outdated = outdated_models(resource)
        return Known(
            jobs,
            self.cache.serving_pods(key),
            [*self._neighbours(key)] if outdated else [],
            dict(self._at_work_beside(key)),
            outdated,
            self._is_rolled_out(key),
            await failed_setups(self.kube, at_work, now),
        )

    async def carry_out(self, key: Key, supply: Supply) -> list[Cause]:
        """Removes Jobs and makes one; says what was refused.

        Raises:
            UnavailableError: the API server did not answer; a Job has a name that is made but once.
        """
        try:
            for job in supply.remove:
                await self.kube.delete(job)
            if supply.start:
                await self._start(key, supply.start)
        except RejectedError as refusal:
            return [Cause("RequestRejected", f"The API server refused a Job of the model supply: {refusal}")]
        return []

    async def _start(self, key: Key, job: Manifest) -> None:
        claim = job["metadata"]["annotations"].get(CLAIM_ANNOTATION)
        async with self._starting:  # two services may have found the same claim free at the same time
            if claim in dict(self._at_work_beside(key)):
                return
            if made := await self.kube.create(job):
                self.cache.upsert(made)

    def _at_work_beside(self, key: Key) -> Iterator[tuple[str, str]]:
        """Claims, and the Jobs of other services that work on them."""
        for other in self.cache.keys_with_model_jobs(key.namespace):
            if other == key:
                continue
            for job in supply_jobs(self.cache.model_jobs(other), self.cache.model_job_pods(other)):
                if job.claim and not job.has_ended:
                    yield job.claim, job.name

    def _neighbours(self, key: Key) -> Iterator[Neighbour]:
        """All services of the namespace."""
        for other in self.cache.keys_in_namespace(key.namespace):
            if resource := self.cache.service(other):
                yield neighbour(resource, rolled_out=self._is_rolled_out(other))

    def _is_rolled_out(self, key: Key) -> bool:
        """Whether no pod of an earlier spec is left."""
        deployment = next((child for child in self.cache.children(key) if child["kind"] == DEPLOYMENTS.kind), None)
        return Rollout.of(deployment).complete

    async def _with_refusal(self, job: SupplyJob, now: datetime) -> SupplyJob:
        """The Job with why it has no pod, which its Events alone say."""
        if job.pod or job.has_ended or job.is_younger_than(USUAL_S, now):
            return job
        told = [event for event in await self._events_of(job) if event.get("reason") == "FailedCreate"]
        if not told:
            return job
        message = max(told, key=lambda event: event.get("lastTimestamp") or "").get("message", "")
        return SupplyJob(job.live, refused=refusal_of_pods(f"Job {job.name} cannot have its pod: {message}"))

    async def _events_of(self, job: SupplyJob) -> list[Manifest]:
        try:
            return [*await self.kube.list_events(job.live)]
        except RejectedError as refusal:
            logger.warning("What is said of Job %s cannot be read: %s", job.name, refusal)
            return []
