"""A Job of the model supply as it is seen: how far it has come, and what it has said at its end. Pure."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import NamedTuple, cast

from sd_operator.children.model_job import ATTEMPT_ANNOTATION, CLAIM_ANNOTATION, TASK_ANNOTATION
from sd_operator.children.pod import volumes
from sd_operator.kube.conditions import conditions_of, is_condition_true
from sd_operator.reconcile.conditions.container_status import containers
from sd_operator.reconcile.decide import leaving
from sd_operator.reconcile.reason import Cause
from sd_operator.resources import Manifest

JOB_NAME = "batch.kubernetes.io/job-name"
"""The label by which a Job's pod names it."""
_REASON = re.compile("[A-Z][A-Za-z]{0,63}")
_DIGEST = re.compile("sha256:[0-9a-f]{64}")


class Brought(NamedTuple):
    """What a Job has brought, or found: the model's directory inside its volume, and its digest."""

    digest: str
    path: str
    pipeline: str | None
    revision: str | None


@dataclass(frozen=True, slots=True)
class SupplyJob:
    """A live Job and its pod, where that is there; `refused` is why it cannot have one."""

    live: Manifest
    pod: Manifest | None = None
    refused: Cause | None = None

    @property
    def name(self) -> str:
        """The Job's."""
        return self.live["metadata"]["name"]

    @property
    def errand(self) -> str:
        """What it is for, as a digest."""
        return self._noted(TASK_ANNOTATION)

    @property
    def attempt(self) -> int:
        """How often the same has been tried with it."""
        return int(self._noted(ATTEMPT_ANNOTATION) or 1)

    @property
    def claim(self) -> str:
        """The claim that it works on; empty where it is an image."""
        return self._noted(CLAIM_ANNOTATION)

    @property
    def tidies(self) -> bool:
        """Whether it removes models."""
        [container] = self.live["spec"]["template"]["spec"]["containers"]
        return container["args"][1:2] == ["remove"]

    @property
    def has_ended(self) -> bool:
        """Whether nothing is done by it any more. Its pod says so a little earlier than the Job."""
        return bool(self._terminated or self._verdict or self.refused)

    @property
    def ended_at(self) -> str:
        """When it ended, as the cluster writes times; where it could not even begin, when it was made."""
        told = self._terminated.get("finishedAt") or self._verdict.get("lastTransitionTime")
        return told or self.live["metadata"]["creationTimestamp"]

    @property
    def outcome(self) -> Brought | Cause:
        """What an ended Job says. Where it says nothing, why not."""
        if self.refused:
            return self.refused
        if not self._terminated:
            message = self._verdict.get("message") or "its pod has gone, and with it what it said"
            return Cause("DownloadFailed", f"Job {self.name} has ended without a result: {message}")
        said = self._terminated.get("message", "").strip()
        if self._terminated["exitCode"] == 0:
            return _brought(said) or Cause("DownloadFailed", f"Job {self.name} has ended without a result: {said}")
        ended = f"Job {self.name} ended with exit code {self._terminated['exitCode']}"
        cause = f" ({self._terminated['reason']})" if self._terminated.get("reason", "Error") != "Error" else ""
        return _failure(said) or Cause("DownloadFailed", f"{ended}{cause}. Its last words: {said[-1000:]}")

    def is_younger_than(self, seconds: float, now: datetime) -> bool:
        """Whether it was made within the last `seconds`."""
        return (now - datetime.fromisoformat(self.live["metadata"]["creationTimestamp"])).total_seconds() < seconds

    @property
    def _terminated(self) -> Manifest:
        if self.pod is None:
            return {}
        [container] = containers(self.pod) or [None]
        return container.status.get("state", {}).get("terminated", {}) if container else {}

    @property
    def _verdict(self) -> Manifest:
        ended = ("Complete", "Failed", "FailureTarget")
        told: list[Manifest] = [conditions_of(self.live)[each] for each in ended if is_condition_true(self.live, each)]
        return told[0] if told else {}

    def _noted(self, annotation: str) -> str:
        return self.live["metadata"].get("annotations", {}).get(annotation, "")


def supply_jobs(jobs: Iterable[Manifest], pods: Iterable[Manifest]) -> list[SupplyJob]:
    """The Jobs that are not on their way out, each with its pod, the first attempt first."""
    of_job = {pod["metadata"].get("labels", {}).get(JOB_NAME): pod for pod in pods}
    found = [SupplyJob(job, of_job.get(job["metadata"]["name"])) for job in jobs if not leaving(job)]
    return sorted(found, key=lambda job: (job.live["metadata"]["creationTimestamp"], job.attempt))


def _document(said: str) -> Manifest:
    """The downloader's last words; a line of JSON, or nothing that can be read."""
    try:
        document = json.loads(said)
    except ValueError:
        return {}
    return cast("Manifest", document) if isinstance(document, dict) else {}


def _brought(said: str) -> Brought | None:
    document = _document(said)
    if "removed" in document:
        return Brought("", "", None, None)
    digest, place = str(document.get("digest", "")), PurePosixPath(str(document.get("path", "")))
    if not _DIGEST.fullmatch(digest) or not place.is_relative_to(volumes.MODEL_MOUNT) or ".." in place.parts:
        return None
    path = str(place.relative_to(volumes.MODEL_MOUNT)).removeprefix(".")
    return Brought(digest, path, document.get("pipeline"), document.get("revision"))


def _failure(said: str) -> Cause | None:
    document = _document(said)
    reason = str(document.get("reason", ""))
    if not _REASON.fullmatch(reason):
        return None
    message = str(document.get("message", ""))
    missing = [page for page in document.get("pages") or () if str(page) not in message]
    return Cause(reason, " ".join([message, *map(str, missing)]))
