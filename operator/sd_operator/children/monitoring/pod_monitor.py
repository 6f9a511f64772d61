"""The PodMonitor, which makes the Prometheus operator scrape the pods."""

from sd_operator.api.service import DiarizationService
from sd_operator.children.metadata import labels, metadata, selector
from sd_operator.resources import POD_MONITORS, Manifest
from sd_operator.settings import Installation

INSTANCE_META_LABEL = "__meta_kubernetes_pod_label_app_kubernetes_io_instance"


def build(service: DiarizationService, _installation: Installation) -> Manifest | None:
    """Return a PodMonitor for the metrics of Triton and the engine in every pod, ready or not; None if disabled.

    The endpoints name container ports. Prometheus also discovers the ports of native sidecars, because its discovery
    includes init containers.
    """
    if not service.spec.monitoring.pod_monitor:
        return None
    return {
        "apiVersion": POD_MONITORS.api_version,
        "kind": POD_MONITORS.kind,
        "metadata": metadata(service) | {"labels": service.spec.monitoring.labels | labels(service)},
        "spec": {
            "selector": {"matchLabels": selector(service)},
            "podMetricsEndpoints": [_endpoint("metrics"), _endpoint("engine")],
        },
    }


def _endpoint(port: str) -> Manifest:
    """Return the endpoint of a port; the label `service` is added for alerts, dashboard and autoscaler."""
    return {
        "port": port,
        "path": "/metrics",
        "relabelings": [{"action": "replace", "sourceLabels": [INSTANCE_META_LABEL], "targetLabel": "service"}],
    }
