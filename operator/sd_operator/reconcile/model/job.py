"""A model Job as the cluster reports it: its progress and its result. Pure."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import NamedTuple, cast

from sd_operator.api.reason import Reason
from sd_operator.children.model_job import ATTEMPT_ANNOTATION, CLAIM_ANNOTATION, TASK_ANNOTATION
from sd_operator.children.pod import volumes
from sd_operator.kube.conditions import conditions_of, is_condition_true
from sd_operator.reconcile.conditions.container_status import LONGEST_TERMINATION_MESSAGE, containers
from sd_operator.reconcile.finding import Finding
from sd_operator.reconcile.objects import annotation, is_being_deleted
from sd_operator.resources import Manifest

JOB_NAME_LABEL = "batch.kubernetes.io/job-name"
"""The label of a pod with the name of its Job."""
FINISHED_CONDITIONS = ("Complete", "Failed", "FailureTarget")
_REASON = re.compile("[A-Z][A-Za-z]{0,63}")
_DIGEST = re.compile("sha256:[0-9a-f]{64}")


class ModelResult(NamedTuple):
    """The result of a successful Job: the digest of a model and its directory inside the volume."""

    digest: str
    path: str
    pipeline: str | None
    revision: str | None


REMOVED = ModelResult("", "", None, None)
"""The result of a Job that removed models."""


@dataclass(frozen=True, slots=True)
class ModelJob:
    """A live Job and its pod, if there is one; `pod_rejection` is the reason why the pod cannot be created."""

    live: Manifest
    pod: Manifest | None = None
    pod_rejection: Finding | None = None

    @property
    def name(self) -> str:
        """The name of the Job."""
        return self.live["metadata"]["name"]

    @property
    def task(self) -> str:
        """The digest of its task."""
        return annotation(self.live, TASK_ANNOTATION)

    @property
    def attempt(self) -> int:
        """The number of the attempt at its task, from 1."""
        return int(annotation(self.live, ATTEMPT_ANNOTATION) or 1)

    @property
    def claim(self) -> str:
        """The claim that it mounts; empty if it mounts an image."""
        return annotation(self.live, CLAIM_ANNOTATION)

    @property
    def removes_models(self) -> bool:
        """True if it removes models instead of providing one."""
        [container] = self.live["spec"]["template"]["spec"]["containers"]
        return container["args"][1:2] == ["remove"]

    @property
    def has_finished(self) -> bool:
        """True if it does no more work. The status of its pod reports this slightly earlier than its own."""
        return bool(self._terminated or self._finished_condition or self.pod_rejection)

    @property
    def finished_at(self) -> str:
        """The timestamp of its end; that of its creation if its pod could not be created."""
        finished = self._terminated.get("finishedAt") or self._finished_condition.get("lastTransitionTime")
        return finished or self.live["metadata"]["creationTimestamp"]

    @property
    def outcome(self) -> ModelResult | Finding:
        """The result of a finished Job, or the reason of its failure."""
        if self.pod_rejection:
            return self.pod_rejection
        if not self._terminated:
            message = (
                self._finished_condition.get("message") or "Its pod was deleted, and its termination message lost."
            )
            return Finding(Reason.DOWNLOAD_FAILED, f"Job {self.name} finished without a result: {message}")
        message = self._terminated.get("message", "").strip()
        if self._terminated["exitCode"] == 0:
            no_result = f"Job {self.name} finished without a result: {message}"
            return _result(message) or Finding(Reason.DOWNLOAD_FAILED, no_result)
        return _failure(message) or Finding(Reason.DOWNLOAD_FAILED, self._termination(message))

    def _termination(self, message: str) -> str:
        terminated = self._terminated
        reason = f" ({terminated['reason']})" if terminated.get("reason", "Error") != "Error" else ""
        last = message[-LONGEST_TERMINATION_MESSAGE:]
        return (
            f"Job {self.name} failed with exit code {terminated['exitCode']}{reason}. Its termination message: {last}"
        )

    def is_younger_than(self, seconds: float, now: datetime) -> bool:
        """Return True if it was created within the last `seconds`."""
        return (now - datetime.fromisoformat(self.live["metadata"]["creationTimestamp"])).total_seconds() < seconds

    @property
    def _terminated(self) -> Manifest:
        if self.pod is None:
            return {}
        [container] = containers(self.pod) or [None]
        return container.status.get("state", {}).get("terminated", {}) if container else {}

    @property
    def _finished_condition(self) -> Manifest:
        kinds = [kind for kind in FINISHED_CONDITIONS if is_condition_true(self.live, kind)]
        return conditions_of(self.live)[kinds[0]] if kinds else {}


def model_jobs(jobs: Iterable[Manifest], pods: Iterable[Manifest]) -> list[ModelJob]:
    """Return the Jobs that are not being deleted, each with its pod, the first attempt first."""
    by_job = {pod["metadata"].get("labels", {}).get(JOB_NAME_LABEL): pod for pod in pods}
    found = [ModelJob(job, by_job.get(job["metadata"]["name"])) for job in jobs if not is_being_deleted(job)]
    return sorted(found, key=lambda job: (job.live["metadata"]["creationTimestamp"], job.attempt))


def _document(message: str) -> Manifest:
    """Return the JSON document of a termination message; empty if it is none."""
    try:
        document = json.loads(message)
    except ValueError:
        return {}
    return cast("Manifest", document) if isinstance(document, dict) else {}


def _result(message: str) -> ModelResult | None:
    document = _document(message)
    if "removed" in document:
        return REMOVED
    digest, path = str(document.get("digest", "")), PurePosixPath(str(document.get("path", "")))
    if not _DIGEST.fullmatch(digest) or not path.is_relative_to(volumes.MODEL_MOUNT) or ".." in path.parts:
        return None
    inside = str(path.relative_to(volumes.MODEL_MOUNT)).removeprefix(".")
    return ModelResult(digest, inside, document.get("pipeline"), document.get("revision"))


def _failure(message: str) -> Finding | None:
    document = _document(message)
    reason = str(document.get("reason", ""))
    if not _REASON.fullmatch(reason):
        return None
    sentence = str(document.get("message", ""))
    missing_pages = [page for page in document.get("pages") or () if str(page) not in sentence]
    return Finding(reason, " ".join([sentence, *map(str, missing_pages)]))
