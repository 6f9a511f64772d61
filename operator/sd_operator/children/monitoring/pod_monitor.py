"""The PodMonitor, by which a Prometheus of the Prometheus operator finds the pods' metrics."""

from sd_operator.api.service import DiarizationService
from sd_operator.children.metadata import labels, metadata, selector
from sd_operator.resources import POD_MONITORS, Manifest
from sd_operator.settings import Installation

INSTANCE = "__meta_kubernetes_pod_label_app_kubernetes_io_instance"


def build(service: DiarizationService, _installation: Installation) -> Manifest | None:
    """Triton's and the engine's metrics of every pod, ready or not.

    The ports are those of the containers. Prometheus sees the ports of native sidecars, too: its discovery lists init
    containers beside the others.
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
    """One port; its series say which service they are of, as alerts, dashboard and autoscaler ask for them."""
    return {
        "port": port,
        "path": "/metrics",
        "relabelings": [{"action": "replace", "sourceLabels": [INSTANCE], "targetLabel": "service"}],
    }
