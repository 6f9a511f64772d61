"""The ConfigMap with the service's dashboard, which Grafana's sidecar finds by its label."""

import hashlib
import json

from sd_operator.api.service import DiarizationService
from sd_operator.children.metadata import labels, metadata
from sd_operator.children.monitoring import dashboard_engine_rows, dashboard_rows, grafana
from sd_operator.resources import CONFIG_MAPS, Manifest
from sd_operator.settings import Installation

SIDECAR = {"grafana_dashboard": "1"}
"""The label by which the sidecar of Grafana's charts knows dashboards."""


def build(service: DiarizationService, _installation: Installation) -> Manifest | None:
    """One dashboard; its file is called so that no other service's takes its place in Grafana's folder."""
    if not service.spec.monitoring.dashboard:
        return None
    return {
        "apiVersion": CONFIG_MAPS.api_version,
        "kind": CONFIG_MAPS.kind,
        "metadata": metadata(service, suffix="dashboard") | {"labels": labels(service) | SIDECAR},
        "data": {f"sd-triton-{service.namespace}-{service.name}.json": json.dumps(dashboard(service), indent=1)},
    }


def dashboard(service: DiarizationService) -> Manifest:
    """The dashboard, set to this service; others can be chosen in it."""
    return grafana.dashboard(
        _uid(service),
        f"Speaker diarization: {service.namespace}/{service.name}",
        [
            grafana.datasource_variable(),
            grafana.label_variable("namespace", "Namespace", "sd_requests_in_flight", service.namespace),
            grafana.label_variable("service", "Service", 'sd_requests_in_flight{namespace="$namespace"}', service.name),
        ],
        dashboard_rows.rows() + dashboard_engine_rows.rows(),
    )


def _uid(service: DiarizationService) -> str:
    """The same for a service that was deleted and made anew, so that links to its dashboard stay; 40 characters."""
    return hashlib.sha256(f"{service.namespace}/{service.name}".encode()).hexdigest()[:40]
