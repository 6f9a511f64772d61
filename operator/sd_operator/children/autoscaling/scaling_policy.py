"""The scaling policy that both autoscalers share: target, metric, and rates of scaling up and down."""

from math import ceil
from typing import Literal

from sd_operator.api.quantities import seconds
from sd_operator.api.service import DiarizationService
from sd_operator.children.sizing import device_time_s
from sd_operator.resources import DIARIZATION_SERVICES, Manifest

BACKLOG_METRIC = "sd_backlog_seconds"
"""The device time of a pod's pending requests. Its sum over all pods, divided by `targetWait`, is the replica count."""

MIN_WINDOW_S = 300
MAX_WINDOW_S = 3600
"""The longest stabilization window that Kubernetes accepts."""


def is_enabled(mode: Literal["hpa", "keda"], service: DiarizationService) -> bool:
    """Return True if the service has an autoscaler of this mode; a paused one has none: KEDA would resume it."""
    return service.spec.autoscaling.mode == mode and service.spec.replicas > 0


def target(service: DiarizationService) -> Manifest:
    """Return the scale target: the DiarizationService and its scale subresource, the single owner of the replicas."""
    return {
        "apiVersion": DIARIZATION_SERVICES.api_version,
        "kind": DIARIZATION_SERVICES.kind,
        "name": service.name,
    }


def target_wait_s(service: DiarizationService) -> int:
    """Return the target backlog of one pod in seconds."""
    return seconds(service.spec.autoscaling.target_wait)


def behavior(service: DiarizationService) -> Manifest:
    """Return the behavior: scale up immediately, at most doubling each minute; scale down slowly after the window.

    Scaling up needs no stabilization: the backlog is the work of all pods together, independent of their number, so
    pods that are still starting cannot cause an overshoot.
    """
    return {
        "scaleUp": {
            "stabilizationWindowSeconds": 0,
            "selectPolicy": "Max",
            "policies": [
                {"type": "Percent", "value": 100, "periodSeconds": 60},
                {"type": "Pods", "value": 4, "periodSeconds": 60},
            ],
        },
        "scaleDown": {
            "stabilizationWindowSeconds": stabilization_window_s(service),
            "selectPolicy": "Max",
            "policies": [
                {"type": "Pods", "value": 1, "periodSeconds": 60},
                {"type": "Percent", "value": 10, "periodSeconds": 60},
            ],
        },
    }


def stabilization_window_s(service: DiarizationService) -> int:
    """Return the window before a scale-down: the device time of the longest recording, so that a pod can finish it."""
    longest_s = ceil(device_time_s(service.spec, service.spec.serving.max_audio_duration))
    return min(max(longest_s, MIN_WINDOW_S), MAX_WINDOW_S)
