"""Triton's container: a stock server that runs what the engine laid out for it."""

from sd_operator.api.service import DiarizationService
from sd_operator.children.pod import security, volumes
from sd_operator.children.pod.probes import Probe
from sd_operator.children.sizing import triton_memory_mib
from sd_operator.resources import ENGINE_PORT, GRPC_PORT, HTTP_PORT, METRICS_PORT, Manifest
from sd_operator.settings import Installation

READY = "/v2/health/ready"


def build(service: DiarizationService, installation: Installation) -> Manifest:
    """The container that callers talk to.

    Liveness asks the engine, because only the engine sees an adapter die: it says no while some but not all adapters
    are connected. The threshold of 60 s is longer than an engine restart, which must not restart Triton (one that keeps
    crashing does, once it is gone for longer). What is in flight then has another 60 s, not the pod's grace period:
    meanwhile the dead adapter's requests fail.
    """
    serving = service.spec.serving
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
        # No memory limit: queued recordings and /dev/shm are bounded already, and an out-of-memory kill here would
        # lose every request of the pod at once.
        "resources": {"requests": {"cpu": "100m", "memory": f"{triton_memory_mib(serving)}Mi"}},
        "startupProbe": Probe(READY, HTTP_PORT, period_s=1, failures=300).manifest(),
        "readinessProbe": Probe(READY, HTTP_PORT, period_s=2, failures=3).manifest(),
        "livenessProbe": Probe("/adapterz", ENGINE_PORT, period_s=5, failures=12, grace_s=60).manifest(),
        "lifecycle": {"preStop": {"httpGet": {"path": "/drain", "port": ENGINE_PORT}}},
        "securityContext": security.CONTAINER,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": volumes.triton_mounts(),
    }
