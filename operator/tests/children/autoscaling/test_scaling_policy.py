"""Both autoscalers share one target and one behavior, and a service has at most one of them."""

from typing import Any

import pytest
from children_manifests import child
from sd_harness.services.live_objects import INSTALLATION, service
from sd_harness.services.service_specs import Spec, with_demo
from sd_operator.children import desired
from sd_operator.children.autoscaling.scaling_policy import behavior, stabilization_window_s, target_wait_s


def autoscaled(mode: str, **parts: Any) -> Spec:
    """Return a spec with an autoscaler of this mode."""
    return with_demo(autoscaling={"mode": mode, "targetWait": "1m30s"}, **parts)


@pytest.mark.parametrize(
    ("mode", "replicas", "kinds"),
    [
        ("none", 1, set()),
        ("external", 1, set()),
        ("hpa", 1, {"HorizontalPodAutoscaler"}),
        ("keda", 1, {"ScaledObject"}),
        ("hpa", 0, set()),
        ("keda", 0, set()),
    ],
)
def test_autoscaler_is_that_of_the_mode_and_a_paused_service_has_none(
    mode: str, replicas: int, kinds: set[str]
) -> None:
    children = desired(service(autoscaled(mode, replicas=replicas)), INSTALLATION)
    assert {child["kind"] for child in children} & {"HorizontalPodAutoscaler", "ScaledObject"} == kinds


def test_both_autoscalers_scale_the_service_itself() -> None:
    target = {"apiVersion": "sd-triton.dev/v1alpha1", "kind": "DiarizationService", "name": "demo"}
    assert child(autoscaled("hpa"), "HorizontalPodAutoscaler")["spec"]["scaleTargetRef"] == target
    assert child(autoscaled("keda"), "ScaledObject")["spec"]["scaleTargetRef"] == target


def test_target_wait_is_in_seconds() -> None:
    assert target_wait_s(service(autoscaled("hpa"))) == 90


@pytest.mark.parametrize(
    ("accelerator", "longest", "expected_s"),
    [
        ("gpu", "1h", 300),  # the minimum
        ("gpu", "4h", 432),  # 4 h with a real-time factor of 0.03
        ("cpu", "1h", 1080),  # 1 h with a real-time factor of 0.3
        ("cpu", "4h", 3600),  # the maximum of Kubernetes
    ],
)
def test_window_is_the_device_time_of_the_longest_recording(accelerator: str, longest: str, expected_s: int) -> None:
    spec = autoscaled("hpa", compute={"accelerator": accelerator}, serving={"maxAudioDuration": longest})
    assert stabilization_window_s(service(spec)) == expected_s
    assert behavior(service(spec))["scaleDown"]["stabilizationWindowSeconds"] == expected_s


def test_scaling_up_is_immediate_and_scaling_down_is_slow() -> None:
    rates = behavior(service(autoscaled("hpa")))
    up, down = rates["scaleUp"], rates["scaleDown"]
    assert up["stabilizationWindowSeconds"] == 0
    assert {policy["type"]: policy["value"] for policy in up["policies"]} == {"Percent": 100, "Pods": 4}
    assert {policy["type"]: policy["value"] for policy in down["policies"]} == {"Pods": 1, "Percent": 10}


def test_both_autoscalers_have_the_same_behavior() -> None:
    rates = behavior(service(autoscaled("hpa")))
    assert child(autoscaled("hpa"), "HorizontalPodAutoscaler")["spec"]["behavior"] == rates
    keda = child(autoscaled("keda"), "ScaledObject")["spec"]["advanced"]
    assert keda["horizontalPodAutoscalerConfig"]["behavior"] == rates
