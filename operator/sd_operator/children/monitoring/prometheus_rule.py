"""The PrometheusRule with the alerts of the service."""

from sd_operator.api.service import DiarizationService
from sd_operator.children.metadata import labels, metadata
from sd_operator.children.monitoring.alert_rules import alerts
from sd_operator.resources import GROUP, PROMETHEUS_RULES, Manifest
from sd_operator.settings import Installation


def build(service: DiarizationService, installation: Installation) -> Manifest | None:
    """Return the alerts of this service alone; None if they are disabled or the service is paused on purpose."""
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
