"""Model Jobs as the API server would return them, and the plans that follow, for tests that need no API server."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sd_operator.api.service import DiarizationService
from sd_operator.children import model_job
from sd_operator.reconcile.model.job import JOB_NAME_LABEL, ModelJob
from sd_operator.reconcile.model.model_garbage_collection import ClaimUser
from sd_operator.reconcile.model.provisioning import ModelObservation, ModelPlan, plan_model
from sd_operator.resources import Manifest

from sd_harness.services.live_objects import COMMIT, INSTALLATION, MODEL_DIGEST, pod, resource, service
from sd_harness.services.service_specs import Spec, with_hugging_face

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
PIPELINE = "pyannote/speaker-diarization-community-1"
PIPELINE_FOLDER = PIPELINE.replace("/", "--")
MODEL_PATH = f"{PIPELINE_FOLDER}/{COMMIT}"
RESULT = {"digest": MODEL_DIGEST, "path": f"/model/{MODEL_PATH}", "pipeline": PIPELINE, "revision": COMMIT}
UNSCHEDULABLE = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no node"}
SHARED: Spec = with_hugging_face() | {"cache": {"claimName": "shared"}}
"""A service that downloads into a claim which other services use as well."""


def new(spec: Spec) -> DiarizationService:
    """Return a service that has no model yet."""
    return DiarizationService.parse(resource(spec))


def timestamp(seconds: float) -> str:
    """Return a time before or after now."""
    return (NOW + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def running_job(manifest: Manifest, *, created: float = -10, **status: Any) -> ModelJob:
    """Return a Job without a pod."""
    added = {"uid": manifest["metadata"]["name"], "creationTimestamp": timestamp(created), "resourceVersion": "1"}
    return ModelJob(manifest | {"metadata": manifest["metadata"] | added, "status": status})


def finished_job(
    manifest: Manifest, message: Any, *, exit_code: int = 0, age_s: float = 1, created: float = -10
) -> ModelJob:
    """Return a Job whose pod has terminated with a message, `age_s` seconds ago."""
    text = message if isinstance(message, str) else json.dumps(message)
    terminated = {"exitCode": exit_code, "finishedAt": timestamp(-age_s), "message": text}
    name = manifest["metadata"]["name"]
    its_pod = pod(f"{name}-x", containerStatuses=[{"name": "model-store", "state": {"terminated": terminated}}])
    its_pod["metadata"]["labels"][JOB_NAME_LABEL] = name
    return replace(running_job(manifest, created=created), pod=its_pod)


def failed_job(manifest: Manifest, reason: str, *, age_s: float = 1, created: float = -10, **more: Any) -> ModelJob:
    """Return a Job that has failed with a reason."""
    message = {"reason": reason, "message": "No.", **more}
    return finished_job(manifest, message, exit_code=1, age_s=age_s, created=created)


def plan(parsed: DiarizationService, *jobs: ModelJob, **seen: Any) -> ModelPlan:
    """Return the next step for a service with these Jobs."""
    return plan_model(parsed, INSTALLATION, ModelObservation([*jobs], **seen), NOW)


def first_job(parsed: DiarizationService) -> Manifest:
    """Return the first Job of a service."""
    created = plan(parsed).create
    assert created is not None
    return created


def attempt(parsed: DiarizationService, number: int) -> Manifest:
    """Return the Job of an attempt."""
    return model_job.build(parsed, INSTALLATION, model_job.provisioning_task(parsed), number)


def arguments(manifest: Manifest | None) -> list[str]:
    """Return the arguments of a Job's container."""
    assert manifest is not None
    [container] = manifest["spec"]["template"]["spec"]["containers"]
    return container["args"]


def reason(found: ModelPlan) -> str:
    """Return why the model is not available."""
    assert found.finding is not None
    return found.finding.reason


def corrupt_pod(age_s: float = 5) -> Manifest:
    """Return a pod whose engine has found its model damaged."""
    terminated = {"exitCode": 4, "finishedAt": timestamp(-age_s), "message": "The model does not match its digest."}
    status = {"name": "engine", "state": {"terminated": terminated}, "ready": False}
    return pod(initContainerStatuses=[status])


def serving(parsed: DiarizationService, *, claim_name: str, revision: str) -> DiarizationService:
    """Return the service while it serves another revision, or from another claim."""
    assert parsed.served is not None
    other = {"claim_name": claim_name, "revision": revision, "path": f"{PIPELINE_FOLDER}/{revision}"}
    return replace(parsed, served=parsed.served.model_copy(update=other))


def rolled_out(parsed: DiarizationService) -> ClaimUser:
    """Return a service whose pods all serve its model, as a user of its claim."""
    assert parsed.served is not None
    return ClaimUser(parsed.served, frozenset([parsed.served.claim_name or ""]), is_rolled_out=True)


def pinned_resource(spec: Spec, **changed: str) -> Manifest:
    """Return a resource whose status has a served model."""
    served = service(spec).served
    assert served is not None
    return resource(spec) | {"status": {"model": served.model_dump(by_alias=True, exclude_none=True) | changed}}
