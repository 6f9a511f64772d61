"""The Job that downloads, verifies or removes a model: one attempt with one result.

The operator does not restore a model Job as it restores a child: the Job is created, runs to its end and is read. Its
container is the only one that sees the hub's token, as a file of a Secret that the operator itself cannot read.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from sd_operator.api.service import DiarizationService
from sd_operator.api.source import HuggingFace, Image, PersistentVolumeClaim
from sd_operator.children import metadata
from sd_operator.children.pod import placement, security, volumes
from sd_operator.resources import COMPONENT_LABEL, GROUP, JOBS, MODEL_COMPONENT, Manifest
from sd_operator.settings import Installation

CONTAINER = "model-store"
ATTEMPT_ANNOTATION = f"{GROUP}/attempt"
"""Annotation on a model Job: the number of the attempt at its task, from 1."""
CLAIM_ANNOTATION = f"{GROUP}/claim"
"""Annotation on a model Job: the claim that it mounts."""
TASK_ANNOTATION = f"{GROUP}/task"
"""Annotation on a model Job: the digest of its whole spec. All attempts with the same spec share it."""

TOKEN_DIR, CA_DIR = "/run/secrets/hub", "/run/ca"
TIMEOUT_S = 3600
"""Time limit of the container's command."""
JOB_DEADLINE_S = TIMEOUT_S + 600
"""Time limit of the Job: the command's, and time to pull the image and mount the volumes."""
RETENTION_S = 3600
"""Time after which Kubernetes deletes a finished Job."""
READ_ONLY = {"readOnly": True}


@dataclass(frozen=True, slots=True)
class ModelTask:
    """The command of a model Job and the volumes that it needs."""

    arguments: tuple[str, ...]
    volume: Manifest
    """The volume with the models."""
    claim: str = ""
    """The name of the claim; empty if the volume is an image."""
    writes: bool = False
    """True if the command changes the volume; otherwise the volume is mounted read-only."""
    files: dict[str, Manifest] = field(default_factory=dict[str, Manifest])
    """Volumes with single files, by the path of the mount."""


def provisioning_task(service: DiarizationService) -> ModelTask:
    """Return the task that downloads the desired model, or verifies it in its claim or image.

    A model that is pinned already must have the same digest again.

    Raises:
        ValueError: the desired model is the demo model, which needs no Job.
    """
    match service.source:
        case HuggingFace() as hub:
            return _download(service, hub)
        case PersistentVolumeClaim() as claim:
            arguments = _verify(claim.path, claim.digest)
            return ModelTask(arguments, volumes.claim_volume(claim.claim_name), claim.claim_name)
        case Image() as image:
            return ModelTask(_verify(image.path, image.digest), volumes.image_volume(image.reference))
        case _:
            raise ValueError("The demo model is part of the server image and needs no Job.")


def _download(service: DiarizationService, hub: HuggingFace) -> ModelTask:
    pinned = service.served if service.has_desired_model else None
    claim = service.cache_claim or ""
    options = {
        "--pipeline": hub.pipeline,
        "--revision": (pinned and pinned.revision) or hub.revision,
        "--digest": hub.digest or (pinned and pinned.digest),
        "--endpoint": hub.endpoint,
        "--token-file": f"{TOKEN_DIR}/token" if hub.token_secret_ref else None,
        "--ca-bundle": f"{CA_DIR}/ca.crt" if hub.ca_bundle_ref else None,
        "--cache": volumes.MODEL_MOUNT,
        "--total-timeout": str(TIMEOUT_S),
    }
    arguments = [argument for option, value in options.items() if value for argument in (option, value)]
    files = _token_and_certificates(hub)
    return ModelTask(("download", *arguments), volumes.claim_volume(claim), claim, writes=True, files=files)


def _token_and_certificates(hub: HuggingFace) -> dict[str, Manifest]:
    """Return optional volumes: the pod starts without the Secret too, and the downloader reports the missing file."""
    token, bundle = hub.token_secret_ref, hub.ca_bundle_ref
    files: dict[str, Manifest] = {}
    if token:
        items = [{"key": token.key, "path": "token"}]
        secret = {"secretName": token.name, "items": items, "optional": True, "defaultMode": 0o440}
        files[TOKEN_DIR] = {"name": "token", "secret": secret}
    if bundle:
        items = [{"key": bundle.key, "path": "ca.crt"}]
        files[CA_DIR] = {"name": "ca", "configMap": {"name": bundle.name, "items": items, "optional": True}}
    return files


def _verify(path: str, digest: str | None) -> tuple[str, ...]:
    directory = f"{volumes.MODEL_MOUNT}/{path}" if path else volumes.MODEL_MOUNT
    return ("verify", "--directory", directory, *(("--digest", digest) if digest else ()))


def removal_task(claim: str, pipeline: str, keep: Iterable[str]) -> ModelTask:
    """Return the task that removes all revisions of a pipeline from a claim except those to keep."""
    arguments = ("remove", "--cache", volumes.MODEL_MOUNT, "--pipeline", pipeline, "--keep", *sorted(keep))
    return ModelTask(arguments, volumes.claim_volume(claim), claim, writes=True)


def build(service: DiarizationService, installation: Installation, task: ModelTask, attempt: int = 1) -> Manifest:
    """Return the Job of a task; its name is a function of the task and the attempt."""
    spec = _spec(service, installation, task)
    digest = hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()[:10]
    annotations = {
        TASK_ANNOTATION: digest,
        ATTEMPT_ANNOTATION: str(attempt),
        **({CLAIM_ANNOTATION: task.claim} if task.claim else {}),
    }
    job_metadata = metadata.metadata(service, annotations, suffix=f"model-{digest}-{attempt}")
    job_metadata["labels"] = _labels(service)
    return {"apiVersion": JOBS.api_version, "kind": JOBS.kind, "metadata": job_metadata, "spec": spec}


def _labels(service: DiarizationService) -> dict[str, str]:
    return metadata.labels(service) | {COMPONENT_LABEL: MODEL_COMPONENT}


def _spec(service: DiarizationService, installation: Installation, task: ModelTask) -> Manifest:
    pod_metadata = service.spec.pod_metadata
    return {
        "backoffLimit": 0,
        "activeDeadlineSeconds": JOB_DEADLINE_S,
        "ttlSecondsAfterFinished": RETENTION_S,
        "template": {
            "metadata": {
                "labels": pod_metadata.labels | _labels(service),
                **({"annotations": pod_metadata.annotations} if pod_metadata.annotations else {}),
            },
            "spec": _pod(service, installation, task),
        },
    }


def _pod(service: DiarizationService, installation: Installation, task: ModelTask) -> Manifest:
    pull_secrets = [{"name": secret.name} for secret in service.spec.image_pull_secrets]
    return {
        "restartPolicy": "Never",
        "serviceAccountName": service.name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": security.POD,
        "containers": [_container(service, installation, task)],
        "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}}, task.volume, *task.files.values()],
        **placement.shared_fields(service),
        **({"imagePullSecrets": pull_secrets} if pull_secrets else {}),
    }


def _container(service: DiarizationService, installation: Installation, task: ModelTask) -> Manifest:
    files = [{"name": volume["name"], "mountPath": path, **READ_ONLY} for path, volume in task.files.items()]
    return {
        "name": CONTAINER,
        "image": service.spec.images.server or installation.server_image,
        "args": ["models", *task.arguments],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
        "securityContext": security.CONTAINER,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - a path in the pod
            {"name": "model", "mountPath": volumes.MODEL_MOUNT, **({} if task.writes else READ_ONLY)},
            *files,
        ],
    }
