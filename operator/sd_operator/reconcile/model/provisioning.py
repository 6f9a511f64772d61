"""How a service comes to the model that it asks for: which Job is made next, and why the model is not there. Pure."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from sd_operator.api.service import DiarizationService
from sd_operator.api.source import Demo, HuggingFace, Image
from sd_operator.api.status import OutdatedModel, ServedModel
from sd_operator.children import model_job
from sd_operator.children.model_job import ModelTask
from sd_operator.reconcile.conditions.pod_failures import Corruption, corruption, hindrance
from sd_operator.reconcile.conditions.pod_startup import is_being_set_up
from sd_operator.reconcile.model.job import Brought, SupplyJob
from sd_operator.reconcile.model.model_garbage_collection import Neighbour, errand_of, remaining, with_displaced
from sd_operator.reconcile.reason import PODS_REFUSED, QUOTA_EXCEEDED, Cause
from sd_operator.resources import Manifest
from sd_operator.settings import Installation

DOWNLOADING, WAITING = "Downloading", "WaitingForClaim"
OF_TOKEN = ("TokenMissing", "TokenInvalid", "TokenLacksGatedRead")
ACCESS = (*OF_TOKEN, "TermsNotAccepted", "RepositoryNotFound", "RevisionNotFound", "HubUnreachable")
"""Reasons for which a hub does not let a model be had."""
NEEDS_A_PERSON = (*OF_TOKEN, "TermsNotAccepted", "RepositoryNotFound", "RevisionNotFound")
"""Reasons that go when somebody does something of which the operator hears nothing: a Secret is not its to read."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 60.0
QUICK_S = 30.0
"""A further attempt that has run for less still has the last one's reason: most fail again, and at once."""
LOOK_AGAIN_S = 5.0
REFUSED_PAUSE_S = 8.0
"""As long as for everything else that quota or admission refuse: from the Job's creation, since it has no end."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is there already: the service's Jobs, its pods that serve, what else happens on its claims."""

    jobs: list[SupplyJob] = field(default_factory=list[SupplyJob])
    pods: list[Manifest] = field(default_factory=list[Manifest])
    neighbours: list[Neighbour] = field(default_factory=list[Neighbour])
    busy: dict[str, str] = field(default_factory=dict[str, str])
    """The Job of another service that works on a claim, by the claim's name."""
    outdated: tuple[OutdatedModel, ...] = ()
    rolled_out: bool = False
    """Whether no pod of an earlier spec is left."""
    failed_setups: dict[str, Cause] = field(default_factory=dict[str, Cause])


@dataclass(frozen=True, slots=True)
class Supply:
    """What is to be done about the model; `service` has the model that it is to serve now."""

    service: DiarizationService
    cause: Cause | None = None
    """Why the model that is asked for is not there, or not what it was."""
    start: Manifest | None = None
    """The Job that is to be made."""
    remove: list[Manifest] = field(default_factory=list[Manifest])
    """Jobs that nobody needs any more."""
    outdated: tuple[OutdatedModel, ...] = ()
    leftover: Cause | None = None
    """Why revisions that nobody serves cannot be removed."""
    again_after_s: float | None = None


def supply(service: DiarizationService, installation: Installation, known: Known, now: datetime) -> Supply:
    """The next step: nothing, where the model is there and nothing is left over."""
    if isinstance(service.source, Demo):
        return Supply(service, remove=[job.live for job in known.jobs])
    errand = model_job.provisioning_task(service)
    step = _Step(service, installation, known, errand, now)
    damage = corruption(known.pods)
    if not service.has_desired_model:
        return step.bring()
    if damage is None:
        return step.settled()
    if not isinstance(service.source, HuggingFace):  # its owner must put it right: the engine looks again and again
        return replace(step.settled(), cause=damage.cause)
    if step.is_mended_since(damage):
        return replace(step.settled(), cause=damage.and_then("It is whole again; the pod loads it at its next start."))
    repair = step.bring(since=damage.at)
    return replace(repair, cause=damage.and_then(repair.cause.message if repair.cause else ""))


@dataclass(frozen=True, slots=True)
class _Step:
    service: DiarizationService
    installation: Installation
    known: Known
    errand: ModelTask
    now: datetime

    def bring(self, since: str = "") -> Supply:
        """On the way to a model; an attempt that ended before `since` does not count."""
        tries = self._tries(self.errand)
        unwanted = [job.live for job in self.known.jobs if not job.has_ended and not job.tidies and job not in tries]
        supply = Supply(self.service, remove=unwanted, outdated=self.known.outdated)
        if not tries:
            return self._start(supply, self.errand)
        last = tries[-1]
        if not last.has_ended:
            return replace(supply, cause=self._under_way(tries), again_after_s=_look_again_s(last))
        outcome = last.outcome
        if isinstance(outcome, Brought) and last.ended_at >= since:
            return self._pinned(outcome)
        return self._retry(supply, self.errand, last)

    def settled(self) -> Supply:
        """The model is there: what it has displaced goes, when nobody serves that any more."""
        idle = [job.live for job in self.known.jobs if not job.has_ended and not job.tidies]
        outdated = remaining(self.service, self.known.outdated)
        supply = Supply(self.service, remove=idle, outdated=outdated)
        errand = errand_of(outdated, self.known.neighbours) if self.known.rolled_out else None
        if errand is None:
            return replace(supply, again_after_s=LONGEST_PAUSE_S if outdated else None)
        tries = self._tries(errand)
        if not tries:
            return replace(self._start(supply, errand), cause=None)
        last = tries[-1]
        if not last.has_ended:
            hindered = hindrance(last.pod, self.known.failed_setups, self.now) if last.pod else None
            return replace(supply, leftover=hindered, again_after_s=_look_again_s(last))
        if isinstance(outcome := last.outcome, Brought):
            return replace(supply, outdated=outdated[1:], remove=[*idle, last.live], again_after_s=0.0)
        return replace(self._retry(supply, errand, last), cause=None, leftover=outcome)

    def is_mended_since(self, damage: Corruption) -> bool:
        """Whether the model was brought anew after an engine found it damaged: that engine has not looked again yet."""
        brought = [job for job in self.known.jobs if job.has_ended and not job.tidies]
        return any(isinstance(job.outcome, Brought) and job.ended_at >= damage.at for job in brought)

    def _pinned(self, brought: Brought) -> Supply:
        latest = replace(self.service, served=_served(self.service, brought))
        outdated = with_displaced(self.known.outdated, self.service.served, latest)
        return Supply(latest, outdated=outdated)

    def _tries(self, errand: ModelTask) -> list[SupplyJob]:
        digest = self._job(errand, 1)["metadata"]["annotations"][model_job.TASK_ANNOTATION]
        return [job for job in self.known.jobs if job.errand == digest]

    def _job(self, errand: ModelTask, attempt: int) -> Manifest:
        return model_job.build(self.service, self.installation, errand, attempt)

    def _under_way(self, tries: list[SupplyJob]) -> Cause:
        job, earlier = tries[-1], tries[:-1]
        if job.pod and (found := hindrance(job.pod, self.known.failed_setups, self.now)):
            return found
        failed = earlier[-1].outcome if earlier else None
        if isinstance(failed, Cause) and job.is_younger_than(QUICK_S, self.now):
            return self._told(failed)
        return Cause(DOWNLOADING, f"Job {job.name} {_doing(self.service)}.")

    def _retry(self, supply: Supply, errand: ModelTask, last: SupplyJob) -> Supply:
        failed = last.outcome if isinstance(last.outcome, Cause) else None
        pause_s = _pause_s(self.service, failed, last.attempt)
        if pause_s is None:
            return replace(supply, cause=failed and self._told(failed))
        ended = datetime.fromisoformat(last.ended_at)
        left_s = min(max(0.0, pause_s - (self.now - ended).total_seconds()), pause_s)
        if left_s > 0:
            return replace(supply, cause=failed and self._told(failed), again_after_s=left_s)
        return self._start(supply, errand, earlier=last)

    def _start(self, supply: Supply, errand: ModelTask, earlier: SupplyJob | None = None) -> Supply:
        """The next attempt, unless somebody works on the claim; only the last one before it stays, to be read."""
        job = self._job(errand, earlier.attempt + 1 if earlier else 1)
        at_work = [each for each in self.known.jobs if not each.has_ended and each.claim == errand.claim]
        blocking = [each.name for each in at_work if each.live not in supply.remove]
        if holder := next(iter(blocking), None) or self.known.busy.get(errand.claim):
            waits = Cause(WAITING, f"It waits for Job {holder}, which works on the claim {errand.claim}.")
            return replace(supply, cause=waits, again_after_s=LOOK_AGAIN_S)
        failed = earlier.outcome if earlier else None
        begun = Cause(DOWNLOADING, f"Job {job['metadata']['name']} {_doing(self.service)}.")
        why = self._told(failed) if isinstance(failed, Cause) else begun
        old = [each.live for each in self.known.jobs if each.has_ended and (each is not earlier or each.refused)]
        return replace(supply, cause=why, start=job, remove=[*supply.remove, *old])

    def _told(self, failure: Cause) -> Cause:
        """The failure with what only the operator knows: where the token is read from."""
        source = self.service.source
        if failure.reason not in OF_TOKEN or not isinstance(source, HuggingFace):
            return failure
        if (secret := source.token_secret_ref) is None:
            advice = "Name the Secret in spec.model.source.huggingFace.tokenSecretRef."
            return Cause(failure.reason, f"{failure.message} {advice}")
        if failure.reason == "TokenMissing":
            missing = f"Secret {secret.name} is not there, or holds no token under key {secret.key}."
            return Cause(failure.reason, f"{missing} {failure.message}")
        return Cause(failure.reason, f"{failure.message} It is read from key {secret.key} of Secret {secret.name}.")


def _look_again_s(job: SupplyJob) -> float | None:
    """That a Job gets no pod, or the pod no volume, is no event of any watched object."""
    return LOOK_AGAIN_S if job.pod is None or is_being_set_up(job.pod) else None


def _doing(service: DiarizationService) -> str:
    match service.source:
        case HuggingFace() as hub:
            return f"downloads {hub.pipeline} at {hub.revision} from {hub.endpoint}"
        case source:
            return f"checks the model in {source.describe()}"


def _pause_s(service: DiarizationService, failed: Cause | None, attempt: int) -> float | None:
    """How long after an attempt the next one is made; None where only another spec can help."""
    reason = failed.reason if failed else ""
    if reason == "UnsupportedPipeline" and isinstance(service.source, HuggingFace):
        return None
    if reason in NEEDS_A_PERSON:
        return LONGEST_PAUSE_S
    if reason in (QUOTA_EXCEEDED, PODS_REFUSED):
        return REFUSED_PAUSE_S
    return min(FIRST_PAUSE_S * 2 ** min(attempt - 1, 9), LONGEST_PAUSE_S)


def _served(service: DiarizationService, brought: Brought) -> ServedModel:
    source = service.source
    return ServedModel(
        source=source.describe(),
        mode=service.spec.model.mode,
        pipeline=brought.pipeline,
        revision=brought.revision,
        digest=brought.digest,
        claim_name=service.model_claim,
        image=source.reference if isinstance(source, Image) else None,
        path=brought.path or None,
    )
