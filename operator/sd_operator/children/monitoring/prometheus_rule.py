"""The PrometheusRule with the service's alerts."""

from sd_operator.api.service import DiarizationService
from sd_operator.children.metadata import labels, metadata
from sd_operator.children.monitoring.alert import Alert
from sd_operator.children.monitoring.alert_rules import RULES
from sd_operator.resources import GROUP, PROMETHEUS_RULES, Manifest
from sd_operator.settings import Installation


def build(service: DiarizationService, installation: Installation) -> Manifest | None:
    """The alerts of this service alone; of a paused one there are none: it is down on purpose."""
    if not service.spec.monitoring.alerts or service.spec.replicas == 0:
        return None
    return {
        "apiVersion": PROMETHEUS_RULES.api_version,
        "kind": PROMETHEUS_RULES.kind,
        "metadata": metadata(service) | {"labels": service.spec.monitoring.labels | labels(service)},
        "spec": {
            "groups": [
                {
                    "name": f"{GROUP}/{service.namespace}/{service.name}",
                    "rules": [alert.rule(service, installation.runbooks_url) for alert in alerts(service)],
                }
            ]
        },
    }


def alerts(service: DiarizationService) -> list[Alert]:
    """Those of the alerts that can ever concern the service."""
    return [alert for rule in RULES if (alert := rule(service)) is not None]
