"""The ConfigMap with the engine's settings, which its container reads at its start.

Its name holds a digest of what is in it, and it never changes: other settings are another ConfigMap, the pods of the
new settings read that one, and an engine that is restarted alone reads what the rest of its pod has read.
"""

import hashlib
import json

from sd_operator.api.quantities import seconds
from sd_operator.api.service import DiarizationService
from sd_operator.children import metadata
from sd_operator.children.pod import volumes
from sd_operator.children.sizing import request_bytes
from sd_operator.resources import CONFIG_MAPS, ENGINE_PORT, GROUP, Manifest
from sd_operator.settings import Installation

SETTINGS = f"{GROUP}/settings"
"""Annotation on the pods: the name of the ConfigMap that they read."""


def build(service: DiarizationService, _installation: Installation) -> Manifest | None:
    """One variable for each setting."""
    if service.served is None:
        return None
    return {
        "apiVersion": CONFIG_MAPS.api_version,
        "kind": CONFIG_MAPS.kind,
        "metadata": metadata.metadata(service, ending=_digest(service)),
        "immutable": True,
        "data": settings(service),
    }


def name(service: DiarizationService) -> str:
    """Where the engine finds its settings."""
    return metadata.name(service, _digest(service))


def settings(service: DiarizationService) -> dict[str, str]:
    """The engine's settings; the variables are those that sd_engine.settings reads."""
    serving = service.spec.serving
    return {
        "SD_RUN_DIR": volumes.RUN_DIR,
        **_model(service),
        "SD_MODE": service.spec.model.mode,
        "SD_DEVICE": {"gpu": "cuda", "cpu": "cpu"}[service.spec.compute.accelerator],
        "SD_ADAPTERS": str(serving.adapters),
        "SD_MAX_BATCH_SIZE": str(serving.max_batch_size),
        "SD_PREFERRED_BATCH_SIZES": ",".join(map(str, serving.batch_sizes())),
        "SD_MAX_AUDIO_DURATION_S": str(seconds(serving.max_audio_duration)),
        "SD_MAX_REQUEST_BYTES": str(request_bytes(serving)),
        "SD_MAX_QUEUED_AUDIO_S": str(seconds(serving.max_queued_audio)),
        "SD_HTTP_PORT": str(ENGINE_PORT),
        "SD_LOG_LEVEL": ("INFO", "DEBUG")[serving.log_verbosity],
    }


def _model(service: DiarizationService) -> dict[str, str]:
    served, directory = service.served, volumes.model_dir(service)
    if served is None or directory is None:
        return {}
    pinned = {"SD_MODEL_DIGEST": served.digest} if served.digest else {}
    return {"SD_MODEL_DIR": directory, "SD_MODEL_NAME": served.source} | pinned


def read_by(pod: Manifest) -> str:
    """The name of the ConfigMap that a pod, or the template of one, reads; empty where it is none of ours."""
    return pod["metadata"].get("annotations", {}).get(SETTINGS, "")


def holds_settings(child: Manifest) -> bool:
    """Whether a child is such a ConfigMap: of a service's ConfigMaps only these never change."""
    return child["kind"] == CONFIG_MAPS.kind and child.get("immutable", False)


def _digest(service: DiarizationService) -> str:
    text = json.dumps(settings(service), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:10]
