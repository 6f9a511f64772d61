"""The engine's container: a native sidecar, so that it starts before Triton and ends after it."""

from sd_operator.api.service import DiarizationService
from sd_operator.children import config_map
from sd_operator.children.pod import security, volumes
from sd_operator.children.pod.probes import Probe
from sd_operator.resources import ENGINE_PORT, Manifest
from sd_operator.settings import Installation

DEFAULT_REQUESTS = {"cpu": "250m", "memory": "2Gi"}
"""What the engine takes with the demo model and nothing to do."""


def build(service: DiarizationService, installation: Installation) -> Manifest:
    """The container that owns the device and the memory.

    It has no liveness probe: an engine that is stuck in one recording still holds the others' answers, and one that
    has died is restarted by the kubelet without a probe.
    """
    return {
        "name": "engine",
        "image": service.spec.images.server or installation.server_image,
        "args": ["engine"],
        "restartPolicy": "Always",
        "envFrom": [{"configMapRef": {"name": config_map.name(service)}}],
        "ports": [{"name": "engine", "containerPort": ENGINE_PORT, "protocol": "TCP"}],
        "resources": _resources(service),
        # Importing torch on a busy node takes a while; Triton starts when this succeeds.
        "startupProbe": Probe("/startupz", ENGINE_PORT, period_s=1, failures=300).manifest(),
        "readinessProbe": Probe("/readyz", ENGINE_PORT, period_s=2, failures=3).manifest(),
        "securityContext": security.CONTAINER,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": volumes.engine_mounts(service),
    }


def _resources(service: DiarizationService) -> Manifest:
    compute = service.spec.compute
    given = compute.resources
    # Where there is a limit and no request, Kubernetes takes the limit for the request.
    defaults = {name: amount for name, amount in DEFAULT_REQUESTS.items() if name not in given.limits}
    limits = given.limits | compute.gpu_limits()
    return {"requests": defaults | given.requests, **({"limits": limits} if limits else {})}
