"""What a DiarizationService consists of: one pure module per kind of child, listed here."""

from collections.abc import Callable

from sd_operator.api.service import DiarizationService
from sd_operator.children import (
    alerts,
    config_map,
    dashboard,
    deployment,
    headless_service,
    horizontal_pod_autoscaler,
    ingress,
    model_claim,
    network_policy,
    pod_disruption_budget,
    pod_monitor,
    scaled_object,
    service,
    service_account,
)
from sd_operator.settings import Installation
from sd_operator.vocabulary import Manifest

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
    alerts.build,
    dashboard.build,
)


def desired(diarization: DiarizationService, installation: Installation) -> list[Manifest]:
    """Every object that the service should consist of; the same spec gives the same bytes."""
    return [manifest for build in BUILDERS if (manifest := build(diarization, installation)) is not None]
