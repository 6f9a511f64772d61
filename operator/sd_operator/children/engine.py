"""The engine's container: a native sidecar, so that it starts before Triton and ends after it."""

from sd_operator.api.amounts import seconds
from sd_operator.api.service import DiarizationService
from sd_operator.children import security, volumes
from sd_operator.children.limits import request_bytes
from sd_operator.children.probes import Probe
from sd_operator.settings import ServingImages
from sd_operator.vocabulary import ENGINE_PORT, Manifest

DEFAULT_REQUESTS = {"cpu": "250m", "memory": "2Gi"}
"""What the engine takes with the demo model and nothing to do."""


def build(service: DiarizationService, images: ServingImages) -> Manifest:
    """The container that owns the device and the memory.

    It has no liveness probe: an engine that is stuck in one recording still holds the others' answers, and one that
    has died is restarted by the kubelet without a probe.
    """
    return {
        "name": "engine",
        "image": service.spec.images.server or images.server,
        "args": ["engine"],
        "restartPolicy": "Always",
        "env": [{"name": name, "value": text} for name, text in _settings(service).items()],
        "ports": [{"name": "engine", "containerPort": ENGINE_PORT, "protocol": "TCP"}],
        "resources": _resources(service),
        # Importing torch on a busy node takes a while; Triton starts when this succeeds.
        "startupProbe": Probe("/startupz", ENGINE_PORT, period_s=1, failures=300).manifest(),
        "readinessProbe": Probe("/readyz", ENGINE_PORT, period_s=2, failures=3).manifest(),
        "securityContext": security.CONTAINER,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": volumes.engine_mounts(service),
    }


def _settings(service: DiarizationService) -> dict[str, str]:
    """The engine's settings; the variables are those that sd_engine.settings reads."""
    serving = service.spec.serving
    model_dir = volumes.model_dir(service)
    return {
        "SD_RUN_DIR": volumes.RUN_DIR,
        **({} if model_dir is None else {"SD_MODEL_DIR": model_dir}),
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


def _resources(service: DiarizationService) -> Manifest:
    compute = service.spec.compute
    given = compute.resources
    # Where there is a limit and no request, Kubernetes takes the limit for the request.
    defaults = {name: amount for name, amount in DEFAULT_REQUESTS.items() if name not in given.limits}
    limits = given.limits | compute.gpu_limits()
    return {"requests": defaults | given.requests, **({"limits": limits} if limits else {})}
