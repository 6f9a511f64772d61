"""The children of a DiarizationService: one module per kind, each a pure function of the service."""

from collections.abc import Callable

from sd_operator.api.service import DiarizationService
from sd_operator.children import (
    config_map,
    deployment,
    headless_service,
    ingress,
    model_claim,
    network_policy,
    pod_disruption_budget,
    service,
    service_account,
)
from sd_operator.children.autoscaling import horizontal_pod_autoscaler, scaled_object
from sd_operator.children.monitoring import pod_monitor, prometheus_rule
from sd_operator.resources import Manifest
from sd_operator.settings import Installation

Builder = Callable[[DiarizationService, Installation], Manifest | None]

BUILDERS: tuple[Builder, ...] = (
    service_account.build,
    config_map.build,
    model_claim.build,
    deployment.build,
    service.build,
    headless_service.build,
    ingress.build,
    network_policy.build,
    pod_disruption_budget.build,
    horizontal_pod_autoscaler.build,
    scaled_object.build,
    pod_monitor.build,
    prometheus_rule.build,
)


def desired(diarization: DiarizationService, installation: Installation) -> list[Manifest]:
    """Return the manifests of all children. The same service and installation give the same bytes in every process."""
    return [manifest for build in BUILDERS if (manifest := build(diarization, installation)) is not None]
