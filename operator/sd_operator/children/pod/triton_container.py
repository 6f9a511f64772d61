"""The Triton container: a stock server that loads the model repository which the engine has written."""

from sd_operator.api.service import DiarizationService
from sd_operator.children.pod import security, volumes
from sd_operator.children.pod.probes import HttpProbe
from sd_operator.children.sizing import triton_memory_mib
from sd_operator.resources import ENGINE_PORT, GRPC_PORT, HTTP_PORT, METRICS_PORT, Manifest
from sd_operator.settings import Installation

READY_PATH = "/v2/health/ready"


def build(service: DiarizationService, installation: Installation) -> Manifest:
    """Return the container that receives the requests.

    The liveness probe targets the engine, because only the engine detects a dead adapter: the probe fails while some
    but not all adapters are connected. It fails for 60 s before Triton is restarted, which is longer than a restart of
    the engine, so that the restart of an engine does not restart Triton. Requests in flight then have another 60 s
    instead of the pod's grace period, because the dead adapter's requests fail in the meantime.
    """
    serving = service.spec.serving
    liveness = HttpProbe("/adapterz", ENGINE_PORT, period_s=5, failure_threshold=12, grace_period_s=60)
    return {
        "name": "triton",
        "image": service.spec.images.triton or installation.triton_image,
        "command": ["/bin/sh", f"{volumes.RUN_DIR}/start-triton"],
        "env": [
            {"name": "NVIDIA_VISIBLE_DEVICES", "value": "void"},
            {"name": "TRITON_LOG_VERBOSE", "value": str(serving.log_verbosity)},
        ],
        "ports": [
            {"name": name, "containerPort": port, "protocol": "TCP"}
            for name, port in (("http", HTTP_PORT), ("grpc", GRPC_PORT), ("metrics", METRICS_PORT))
        ],
        # There is no memory limit: the queue and /dev/shm are bounded, and an OOM kill would lose all requests.
        "resources": {"requests": {"cpu": "100m", "memory": f"{triton_memory_mib(serving)}Mi"}},
        "startupProbe": HttpProbe(READY_PATH, HTTP_PORT, period_s=1, failure_threshold=300).manifest(),
        "readinessProbe": HttpProbe(READY_PATH, HTTP_PORT, period_s=2, failure_threshold=3).manifest(),
        "livenessProbe": liveness.manifest(),
        "lifecycle": {"preStop": {"httpGet": {"path": "/drain", "port": ENGINE_PORT}}},
        "securityContext": security.CONTAINER,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": volumes.triton_mounts(),
    }
