"""The condition Autoscaling reports what the autoscaler reports about itself, or why there is none."""

import pytest
from sd_harness.services.live_objects import deployment
from sd_harness.services.observations import conditions_by_type, desired_state, observation
from sd_harness.services.service_specs import with_demo
from sd_operator.resources import Manifest

SERVED = deployment(2, replicas=2, updatedReplicas=2, readyReplicas=2, availableReplicas=2)
NONE = frozenset[str]()
SCALED_OBJECT = frozenset({"ScaledObject"})


def autoscaling(
    mode: str, *children: Manifest, missing: frozenset[str] = NONE, forbidden: frozenset[str] = NONE
) -> tuple[str, str, str]:
    """Return the condition of a service with this mode."""
    spec = with_demo(autoscaling={"mode": mode})
    desired = desired_state(spec, missing_kinds=missing, forbidden_kinds=forbidden)
    return conditions_by_type(observation(SERVED, *children, spec=spec, desired=desired))["Autoscaling"]


def autoscaler(kind: str, **condition: str) -> Manifest:
    """Return an autoscaler with one condition."""
    return {"kind": kind, "metadata": {"name": "demo"}, "status": {"conditions": [condition]}}


def test_a_service_without_an_autoscaler_has_no_condition() -> None:
    assert "Autoscaling" not in conditions_by_type(observation(SERVED))


def test_the_condition_of_the_autoscaler_is_quoted() -> None:
    hpa = autoscaler("HorizontalPodAutoscaler", type="ScalingActive", status="False", reason="FailedGetExternalMetric",
                     message="no metrics API")  # fmt: skip
    assert autoscaling("hpa", hpa) == ("False", "FailedGetExternalMetric", "no metrics API")
    keda = autoscaler("ScaledObject", type="Ready", status="True", message="ScaledObject is ready")
    assert autoscaling("keda", keda) == ("True", "Scaling", "ScaledObject is ready")


def test_the_condition_is_unknown_until_the_autoscaler_reports() -> None:
    assert autoscaling("hpa")[:2] == ("Unknown", "Waiting")


def test_an_external_autoscaler_is_not_examined() -> None:
    assert autoscaling("external")[:2] == ("True", "External")


@pytest.mark.parametrize("mode", ["hpa", "keda"])
def test_a_paused_service_is_not_scaled(mode: str) -> None:
    spec = with_demo(autoscaling={"mode": mode}, replicas=0)
    seen = conditions_by_type(observation(deployment(0), spec=spec))
    assert seen["Autoscaling"][:2] == ("False", "Paused")


def test_a_cluster_without_keda_is_named() -> None:
    assert autoscaling("keda", missing=SCALED_OBJECT)[:2] == ("False", "KedaMissing")
    assert autoscaling("keda", missing=SCALED_OBJECT, forbidden=SCALED_OBJECT)[:2] == ("False", "KedaForbidden")
