"""What is made for Prometheus and Grafana."""

from pydantic import Field

from sd_operator.api.names import Labels
from sd_operator.api.rules import SpecPart


class Monitoring(SpecPart):
    """What is made for Prometheus and Grafana."""

    pod_monitor: bool = False
    """A PodMonitor for Triton's and the engine's metrics; needs the Prometheus operator."""
    alerts: bool = False
    """A PrometheusRule with the service's alerts; needs the Prometheus operator."""
    dashboard: bool = False
    """A ConfigMap with a dashboard, which Grafana's sidecar finds by its label."""
    labels: Labels = Field(default={})
    """Labels of the PodMonitor and the PrometheusRule, by which a Prometheus selects what it reads."""
