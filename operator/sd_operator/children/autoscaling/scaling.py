"""What every autoscaler is told about a service: what to scale, how fast up, how slowly down."""

from math import ceil
from typing import Literal

from sd_operator.api.quantities import seconds
from sd_operator.api.service import DiarizationService
from sd_operator.children.sizing import work_s
from sd_operator.resources import DIARIZATION_SERVICES, Manifest

BACKLOG = "sd_backlog_seconds"
"""The device time that a pod still owes: over `targetWait`, it is the number of pods that are needed."""

SHORTEST_WINDOW_S = 300
LONGEST_WINDOW_S = 3600
"""The longest stabilization window that Kubernetes accepts."""


def drives(mode: Literal["hpa", "keda"], service: DiarizationService) -> bool:
    """Whether an autoscaler of this kind is wanted. A paused service gets none: KEDA would wake it."""
    return service.spec.autoscaling.mode == mode and service.spec.replicas > 0


def target(service: DiarizationService) -> Manifest:
    """The service itself, through its scale subresource: the number of replicas has one owner."""
    return {
        "apiVersion": DIARIZATION_SERVICES.api_version,
        "kind": DIARIZATION_SERVICES.kind,
        "name": service.name,
    }


def target_wait_s(service: DiarizationService) -> int:
    """The backlog that one pod may have."""
    return seconds(service.spec.autoscaling.target_wait)


def behaviour(service: DiarizationService) -> Manifest:
    """Up at once, at most doubling each minute; down one by one, when the highest need of the window has passed.

    Nothing damps the way up: the backlog is what the pods owe together, however many of them there are, so pods that
    are still starting cannot make it overshoot.
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
            "stabilizationWindowSeconds": window_s(service),
            "selectPolicy": "Max",
            "policies": [
                {"type": "Pods", "value": 1, "periodSeconds": 60},
                {"type": "Percent", "value": 10, "periodSeconds": 60},
            ],
        },
    }


def window_s(service: DiarizationService) -> int:
    """How long less must have been needed: a pod that takes a long recording should live to finish it."""
    longest_s = ceil(work_s(service.spec, service.spec.serving.max_audio_duration))
    return min(max(longest_s, SHORTEST_WINDOW_S), LONGEST_WINDOW_S)
