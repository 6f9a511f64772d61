"""The Job that brings a model, checks one, or removes those that nobody serves: one attempt, one result.

It is no child that is kept as it is wanted: it is made, ends, and is read. Its container is the only one that sees the
hub's token, as a file of a Secret that the operator itself cannot read.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from sd_operator.api.service import DiarizationService
from sd_operator.api.source import HuggingFace, Image, PersistentVolumeClaim
from sd_operator.children import metadata
from sd_operator.children.pod import placement, security, volumes
from sd_operator.resources import COMPONENT_LABEL, GROUP, JOBS, MODEL, Manifest
from sd_operator.settings import Installation

CONTAINER = "model-store"
ATTEMPT = f"{GROUP}/attempt"
"""Annotation on a Job: how often the same has been tried."""
CLAIM = f"{GROUP}/claim"
"""Annotation on a Job: the claim that it works on."""
ERRAND = f"{GROUP}/errand"
"""Annotation on a Job: what it is for, as a digest of its manifest."""

TOKEN_DIR, CA_DIR = "/run/secrets/hub", "/run/ca"
LONGEST_RUN_S = 3600
"""What the downloader takes in all; the Job has a little more, most of it for its image and its volumes."""
LONGEST_JOB_S = LONGEST_RUN_S + 600
KEPT_S = 3600
"""How long an ended Job stays, to be read."""
READ_ONLY = {"readOnly": True}


@dataclass(frozen=True, slots=True)
class Errand:
    """What a Job has to do: words for the downloader, and what these need."""

    words: tuple[str, ...]
    model: Manifest
    """The volume with the models."""
    claim: str = ""
    """The claim that is worked on; empty where it is an image."""
    writes: bool = False
    files: dict[str, Manifest] = field(default_factory=dict[str, Manifest])
    """Volumes with single files, by where they are mounted."""


def fetch(service: DiarizationService) -> Errand:
    """Brings what the service asks for, or checks it; what is pinned already must be the same again."""
    match service.source:
        case HuggingFace() as hub:
            return _download(service, hub)
        case PersistentVolumeClaim() as claim:
            words = _adopt(claim.path, claim.digest)
            return Errand(words, volumes.of_claim(claim.claim_name), claim.claim_name)
        case Image() as image:
            return Errand(_adopt(image.path, image.digest), volumes.of_image(image.reference))
        case _:
            raise ValueError("The demo model is in the image: nothing has to be brought.")


def _download(service: DiarizationService, hub: HuggingFace) -> Errand:
    pinned = service.served if service.has_its_model else None
    claim = service.cache_claim or ""
    options = {
        "--pipeline": hub.pipeline,
        "--revision": (pinned and pinned.revision) or hub.revision,
        "--digest": hub.digest or (pinned and pinned.digest),
        "--endpoint": hub.endpoint,
        "--token-file": f"{TOKEN_DIR}/token" if hub.token_secret_ref else None,
        "--ca-bundle": f"{CA_DIR}/ca.crt" if hub.ca_bundle_ref else None,
        "--cache": volumes.MODEL_MOUNT,
        "--total-timeout": str(LONGEST_RUN_S),
    }
    given = [word for option, value in options.items() if value for word in (option, value)]
    return Errand(("download", *given), volumes.of_claim(claim), claim, writes=True, files=_files(hub))


def _files(hub: HuggingFace) -> dict[str, Manifest]:
    """A Secret or a ConfigMap that is not there leaves its directory empty: the downloader says so at once."""
    token, bundle = hub.token_secret_ref, hub.ca_bundle_ref
    found: dict[str, Manifest] = {}
    if token:
        items = [{"key": token.key, "path": "token"}]
        secret = {"secretName": token.name, "items": items, "optional": True, "defaultMode": 0o440}
        found[TOKEN_DIR] = {"name": "token", "secret": secret}
    if bundle:
        items = [{"key": bundle.key, "path": "ca.crt"}]
        found[CA_DIR] = {"name": "ca", "configMap": {"name": bundle.name, "items": items, "optional": True}}
    return found


def _adopt(path: str, digest: str | None) -> tuple[str, ...]:
    place = f"{volumes.MODEL_MOUNT}/{path}" if path else volumes.MODEL_MOUNT
    return ("verify", "--directory", place, *(("--digest", digest) if digest else ()))


def tidy(claim: str, pipeline: str, keep: Iterable[str]) -> Errand:
    """Removes all revisions of a pipeline from a claim but those to keep."""
    words = ("remove", "--cache", volumes.MODEL_MOUNT, "--pipeline", pipeline, "--keep", *sorted(keep))
    return Errand(words, volumes.of_claim(claim), claim, writes=True)


def build(service: DiarizationService, installation: Installation, errand: Errand, attempt: int = 1) -> Manifest:
    """The Job of an errand: the same errand and attempt give the same name."""
    spec = _spec(service, installation, errand)
    digest = hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()[:10]
    noted = {ERRAND: digest, ATTEMPT: str(attempt), **({CLAIM: errand.claim} if errand.claim else {})}
    about = metadata.metadata(service, noted, ending=f"model-{digest}-{attempt}")
    about["labels"] = _labels(service)
    return {"apiVersion": JOBS.api_version, "kind": JOBS.kind, "metadata": about, "spec": spec}


def _labels(service: DiarizationService) -> dict[str, str]:
    return metadata.labels(service) | {COMPONENT_LABEL: MODEL}


def _spec(service: DiarizationService, installation: Installation, errand: Errand) -> Manifest:
    given = service.spec.pod_metadata
    return {
        "backoffLimit": 0,
        "activeDeadlineSeconds": LONGEST_JOB_S,
        "ttlSecondsAfterFinished": KEPT_S,
        "template": {
            "metadata": {
                "labels": given.labels | _labels(service),
                **({"annotations": given.annotations} if given.annotations else {}),
            },
            "spec": _pod(service, installation, errand),
        },
    }


def _pod(service: DiarizationService, installation: Installation, errand: Errand) -> Manifest:
    pull_secrets = [{"name": secret.name} for secret in service.spec.image_pull_secrets]
    return {
        "restartPolicy": "Never",
        "serviceAccountName": service.name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": security.POD,
        "containers": [
            {
                "name": CONTAINER,
                "image": service.spec.images.server or installation.server_image,
                "args": ["models", *errand.words],
                "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
                "securityContext": security.CONTAINER,
                "terminationMessagePolicy": "FallbackToLogsOnError",
                "volumeMounts": [
                    {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - a path in the pod
                    {"name": "model", "mountPath": volumes.MODEL_MOUNT, **({} if errand.writes else READ_ONLY)},
                    *(
                        {"name": volume["name"], "mountPath": place, **READ_ONLY}
                        for place, volume in errand.files.items()
                    ),
                ],
            }
        ],
        "volumes": [
            {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}},
            errand.model,
            *errand.files.values(),
        ],
        **placement.of_job(service),
        **({"imagePullSecrets": pull_secrets} if pull_secrets else {}),
    }
