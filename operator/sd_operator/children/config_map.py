"""The ConfigMap with the engine's settings, which the engine container reads when it starts.

The ConfigMap is immutable and its name contains a digest of its content. A change of the settings creates another
ConfigMap, which only new pods read. An engine that restarts in an old pod still reads the settings of that pod.
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

SETTINGS_ANNOTATION = f"{GROUP}/settings"
"""Annotation on a pod: the name of the ConfigMap that its engine reads."""


def build(service: DiarizationService, _installation: Installation) -> Manifest | None:
    """Return the ConfigMap with one environment variable for each setting; None while no model is available."""
    if service.served is None:
        return None
    return {
        "apiVersion": CONFIG_MAPS.api_version,
        "kind": CONFIG_MAPS.kind,
        "metadata": metadata.metadata(service, suffix=_digest(service)),
        "immutable": True,
        "data": settings(service),
    }


def name(service: DiarizationService) -> str:
    """Return the name of the ConfigMap."""
    return metadata.name(service, _digest(service))


def settings(service: DiarizationService) -> dict[str, str]:
    """Return the engine's settings by environment variable; sd_engine.settings reads the same names."""
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
    digest = {"SD_MODEL_DIGEST": served.digest} if served.digest else {}
    return {"SD_MODEL_DIR": directory, "SD_MODEL_NAME": served.source} | digest


def referenced_config_map(pod: Manifest) -> str:
    """Return the name of the settings ConfigMap that a pod or a pod template reads; empty if it reads none."""
    return pod["metadata"].get("annotations", {}).get(SETTINGS_ANNOTATION, "")


def is_settings_config_map(child: Manifest) -> bool:
    """Return True if a child is a settings ConfigMap: the only immutable ConfigMap of a service."""
    return child["kind"] == CONFIG_MAPS.kind and child.get("immutable", False)


def _digest(service: DiarizationService) -> str:
    text = json.dumps(settings(service), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:10]
