"""The engine container: a native sidecar, which starts before Triton and terminates after it."""

from sd_operator.api.service import DiarizationService
from sd_operator.children import config_map
from sd_operator.children.pod import security, volumes
from sd_operator.children.pod.probes import HttpProbe
from sd_operator.resources import ENGINE_PORT, Manifest
from sd_operator.settings import Installation

DEFAULT_REQUESTS = {"cpu": "250m", "memory": "2Gi"}
"""Resource usage of an idle engine with the demo model."""


def build(service: DiarizationService, installation: Installation) -> Manifest:
    """Return the container that uses the device.

    It has no liveness probe: an engine that hangs on one recording may still answer others, and the kubelet restarts
    an engine that exits without any probe.
    """
    return {
        "name": "engine",
        "image": service.spec.images.server or installation.server_image,
        "args": ["engine"],
        "restartPolicy": "Always",
        "envFrom": [{"configMapRef": {"name": config_map.name(service)}}],
        "ports": [{"name": "engine", "containerPort": ENGINE_PORT, "protocol": "TCP"}],
        "resources": _resources(service),
        # Importing torch takes long on a busy node. Triton starts after this probe succeeds.
        "startupProbe": HttpProbe("/startupz", ENGINE_PORT, period_s=1, failure_threshold=300).manifest(),
        "readinessProbe": HttpProbe("/readyz", ENGINE_PORT, period_s=2, failure_threshold=3).manifest(),
        "securityContext": security.CONTAINER,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": volumes.engine_mounts(service),
    }


def _resources(service: DiarizationService) -> Manifest:
    compute = service.spec.compute
    resources = compute.resources
    # If a container has a limit and no request, Kubernetes uses the limit as the request.
    defaults = {name: amount for name, amount in DEFAULT_REQUESTS.items() if name not in resources.limits}
    limits = resources.limits | compute.gpu_limits()
    return {"requests": defaults | resources.requests, **({"limits": limits} if limits else {})}
