"""The dashboard: its variables, which select a data source, a namespace and a service, and its rows."""

import json

from sd_operator.dashboard import engine_rows, grafana, request_rows
from sd_operator.resources import Manifest

UID = "sd-triton"
"""Grafana's identifier of the dashboard. It is constant, so that links to the dashboard stay valid after an upgrade."""


def dashboard() -> Manifest:
    """Return the dashboard as Grafana imports it."""
    return grafana.dashboard(
        UID,
        "Speaker diarization",
        [
            grafana.datasource_variable(),
            grafana.label_variable("namespace", "Namespace", "sd_requests_in_flight"),
            grafana.label_variable("service", "Service", 'sd_requests_in_flight{namespace="$namespace"}'),
        ],
        request_rows.rows() + engine_rows.rows(),
    )


def render() -> str:
    """Return the dashboard as JSON, as it is committed in the chart."""
    return json.dumps(dashboard(), indent=1) + "\n"
