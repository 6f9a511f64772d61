"""Provisioning of the desired model: the next model Job, and the reason why the model is not available. Pure."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from sd_operator.api.reason import Reason
from sd_operator.api.service import DiarizationService
from sd_operator.api.source import Demo, HuggingFace, Image
from sd_operator.api.status import OutdatedModel, ServedModel
from sd_operator.children import model_job
from sd_operator.children.model_job import ModelTask
from sd_operator.reconcile.conditions.pod_failures import Corruption, corruption, start_failure
from sd_operator.reconcile.conditions.pod_startup import is_being_set_up
from sd_operator.reconcile.finding import Finding
from sd_operator.reconcile.model.attempts import LONGEST_DELAY_S, delay_s, explained, in_progress
from sd_operator.reconcile.model.job import ModelJob, ModelResult
from sd_operator.reconcile.model.model_garbage_collection import (
    ClaimUser,
    remaining_models,
    removal_of_first,
    with_replaced,
)
from sd_operator.resources import Manifest
from sd_operator.settings import Installation

RECHECK_S = 5.0
"""The delay until the next pass if no watched object reports the expected change."""
QUICK_FAILURE_S = 30.0
"""A further attempt keeps the reason of the last one for this time: most fail again, and quickly."""


@dataclass(frozen=True, slots=True)
class ModelObservation:
    """The model Jobs of a service, its pods, and the use of its claims by other services."""

    jobs: list[ModelJob] = field(default_factory=list[ModelJob])
    pods: list[Manifest] = field(default_factory=list[Manifest])
    claim_users: list[ClaimUser] = field(default_factory=list[ClaimUser])
    busy_claims: dict[str, str] = field(default_factory=dict[str, str])
    """The Job of another service that uses a claim, by the name of the claim."""
    outdated: tuple[OutdatedModel, ...] = ()
    is_rolled_out: bool = False
    """True if there is no pod of an earlier spec."""
    setup_failures: dict[str, Finding] = field(default_factory=dict[str, Finding])


@dataclass(frozen=True, slots=True)
class ModelPlan:
    """The next step; `service` has the model that its pods are to serve now."""

    service: DiarizationService
    finding: Finding | None = None
    """The reason why the desired model is not available, or is damaged."""
    create: Manifest | None = None
    """The Job to create."""
    delete: list[Manifest] = field(default_factory=list[Manifest])
    """Jobs that are no longer needed."""
    outdated: tuple[OutdatedModel, ...] = ()
    garbage_collection: Finding | None = None
    """The reason why outdated models cannot be removed."""
    requeue_after_s: float | None = None


def plan_model(
    service: DiarizationService, installation: Installation, observation: ModelObservation, now: datetime
) -> ModelPlan:
    """Return the next step: nothing if the model is available and no outdated model remains."""
    if isinstance(service.source, Demo):
        return ModelPlan(service, delete=[job.live for job in observation.jobs])
    provisioning = _Provisioning(service, installation, observation, model_job.provisioning_task(service), now)
    damage = corruption(observation.pods)
    if not service.has_desired_model:
        return provisioning.provide()
    if damage is None:
        return provisioning.collect_garbage()
    if not isinstance(service.source, HuggingFace):  # the owner must restore the files; the engine retries
        return replace(provisioning.collect_garbage(), finding=damage.finding)
    if provisioning.is_repaired_since(damage):
        text = "The model has been downloaded again; the pod loads it when it restarts."
        return replace(provisioning.collect_garbage(), finding=damage.finding.followed_by(text))
    repair = provisioning.provide(since=damage.time)
    return replace(repair, finding=damage.finding.followed_by(repair.finding.message if repair.finding else ""))


@dataclass(frozen=True, slots=True)
class _Provisioning:
    service: DiarizationService
    installation: Installation
    observation: ModelObservation
    task: ModelTask
    now: datetime

    def provide(self, since: str = "") -> ModelPlan:
        """Return the next step towards a model; an attempt that finished before `since` does not count."""
        attempts = self._attempts(self.task)
        unneeded = [job.live for job in self._unfinished() if job not in attempts]
        plan = ModelPlan(self.service, delete=unneeded, outdated=self.observation.outdated)
        if not attempts:
            return self._start(plan, self.task)
        last = attempts[-1]
        if not last.has_finished:
            return replace(plan, finding=self._progress(attempts), requeue_after_s=_recheck_s(last))
        outcome = last.outcome
        if isinstance(outcome, ModelResult) and last.finished_at >= since:
            return self._pinned(outcome)
        return self._retry(plan, self.task, last)

    def collect_garbage(self) -> ModelPlan:
        """Return the next step after the model is available: the removal of models that no service uses."""
        unneeded = [job.live for job in self._unfinished()]
        outdated = remaining_models(self.service, self.observation.outdated)
        plan = ModelPlan(self.service, delete=unneeded, outdated=outdated)
        task = removal_of_first(outdated, self.observation.claim_users) if self.observation.is_rolled_out else None
        if task is None:
            return replace(plan, requeue_after_s=LONGEST_DELAY_S if outdated else None)
        attempts = self._attempts(task)
        if not attempts:
            return replace(self._start(plan, task), finding=None)
        last = attempts[-1]
        if not last.has_finished:
            failure = self._start_failure(last)
            return replace(plan, garbage_collection=failure, requeue_after_s=_recheck_s(last))
        if isinstance(outcome := last.outcome, ModelResult):
            return replace(plan, outdated=outdated[1:], delete=[*unneeded, last.live], requeue_after_s=0.0)
        return replace(self._retry(plan, task, last), finding=None, garbage_collection=outcome)

    def is_repaired_since(self, damage: Corruption) -> bool:
        """Return True if the model was provided again after the damage was found: the engine has not restarted yet."""
        finished = [job for job in self.observation.jobs if job.has_finished and not job.removes_models]
        return any(isinstance(job.outcome, ModelResult) and job.finished_at >= damage.time for job in finished)

    def _unfinished(self) -> list[ModelJob]:
        return [job for job in self.observation.jobs if not job.has_finished and not job.removes_models]

    def _pinned(self, result: ModelResult) -> ModelPlan:
        latest = replace(self.service, served=_served_model(self.service, result))
        return ModelPlan(latest, outdated=with_replaced(self.observation.outdated, self.service.served, latest))

    def _attempts(self, task: ModelTask) -> list[ModelJob]:
        digest = self._job(task, 1)["metadata"]["annotations"][model_job.TASK_ANNOTATION]
        return [job for job in self.observation.jobs if job.task == digest]

    def _job(self, task: ModelTask, attempt: int) -> Manifest:
        return model_job.build(self.service, self.installation, task, attempt)

    def _start_failure(self, job: ModelJob) -> Finding | None:
        return start_failure(job.pod, self.observation.setup_failures, self.now) if job.pod else None

    def _progress(self, attempts: list[ModelJob]) -> Finding:
        job, earlier = attempts[-1], attempts[:-1]
        if failure := self._start_failure(job):
            return failure
        failed = earlier[-1].outcome if earlier else None
        if isinstance(failed, Finding) and job.is_younger_than(QUICK_FAILURE_S, self.now):
            return explained(self.service, failed)
        return in_progress(self.service, job.name)

    def _retry(self, plan: ModelPlan, task: ModelTask, last: ModelJob) -> ModelPlan:
        failure = last.outcome if isinstance(last.outcome, Finding) else None
        finding = failure and explained(self.service, failure)
        delay = delay_s(self.service, failure, last.attempt)
        if delay is None:
            return replace(plan, finding=finding)
        elapsed_s = (self.now - datetime.fromisoformat(last.finished_at)).total_seconds()
        remaining_s = min(max(0.0, delay - elapsed_s), delay)  # clocks of two machines may differ
        if remaining_s > 0:
            return replace(plan, finding=finding, requeue_after_s=remaining_s)
        return self._start(plan, task, last=last)

    def _start(self, plan: ModelPlan, task: ModelTask, last: ModelJob | None = None) -> ModelPlan:
        """Return the next attempt, unless another Job uses the claim. Of the finished Jobs, only the last is kept."""
        job = self._job(task, last.attempt + 1 if last else 1)
        running = [each for each in self.observation.jobs if not each.has_finished and each.claim == task.claim]
        blocking = [each.name for each in running if each.live not in plan.delete]
        if holder := next(iter(blocking), None) or self.observation.busy_claims.get(task.claim):
            message = f"Job {holder} uses the claim {task.claim}. The next Job is created after it has finished."
            waiting = Finding(Reason.WAITING_FOR_CLAIM, message)
            return replace(plan, finding=waiting, requeue_after_s=RECHECK_S)
        failure = last.outcome if last else None
        started = in_progress(self.service, job["metadata"]["name"])
        finding = explained(self.service, failure) if isinstance(failure, Finding) else started
        old = [
            each.live
            for each in self.observation.jobs
            if each.has_finished and (each is not last or each.pod_rejection)
        ]
        delete = [*plan.delete, *old]
        # Another service may use the claim first, and no event would tell when it is free again.
        return replace(plan, finding=finding, create=job, delete=delete, requeue_after_s=RECHECK_S)


def _recheck_s(job: ModelJob) -> float | None:
    """No watched object reports that a Job gets no pod, or that the pod gets no volume."""
    return RECHECK_S if job.pod is None or is_being_set_up(job.pod) else None


def _served_model(service: DiarizationService, result: ModelResult) -> ServedModel:
    source = service.source
    return ServedModel(
        source=source.describe(),
        mode=service.spec.model.mode,
        pipeline=result.pipeline,
        revision=result.revision,
        digest=result.digest,
        claim_name=service.model_claim,
        image=source.reference if isinstance(source, Image) else None,
        path=result.path or None,
    )
