"""What somebody does to a child by hand: one change of a field of ours, and one addition, for each kind."""

from __future__ import annotations

from typing import Any

from sd_operator.children.config_map import is_settings_config_map
from sd_operator.resources import Manifest


def replaced(path: str, value: Any) -> Manifest:  # noqa: ANN401
    """Another value in the place of ours."""
    return {"op": "replace", "path": path, "value": value}


def added(path: str, value: Any) -> Manifest:  # noqa: ANN401
    """What nobody asked for."""
    return {"op": "add", "path": path, "value": value}


OF_SETTINGS = replaced("/metadata/labels/app.kubernetes.io~1name", "other")
"""What is in them the API server lets nobody change."""

CHANGED: dict[str, Manifest] = {
    "ServiceAccount": replaced("/automountServiceAccountToken", value=True),
    "ConfigMap": replaced("/data", {}),
    "Deployment": replaced("/spec/template/spec/containers/0/image", "other"),
    "Service": replaced("/spec/selector/app.kubernetes.io~1name", "other"),
    "Ingress": replaced("/spec/rules/0/host", "other.example"),
    "NetworkPolicy": replaced("/spec/ingress", [{}]),
    "PodDisruptionBudget": replaced("/spec/maxUnavailable", 9),
    "HorizontalPodAutoscaler": replaced("/spec/maxReplicas", 99),
    "ScaledObject": replaced("/spec/maxReplicaCount", 99),
    "PodMonitor": replaced("/spec/podMetricsEndpoints", []),
    "PrometheusRule": replaced("/spec/groups/0/rules", []),
}
SIDECAR = {"name": "mine", "image": "other"}
SERVICE_REFERENCE = {"service": {"name": "other", "port": {"number": 80}}}
ADDED: dict[str, tuple[Manifest, ...]] = {
    "ConfigMap": (added("/data/mine", "{}"),),
    "Deployment": (added("/spec/paused", value=True), added("/spec/template/spec/containers/-", SIDECAR)),
    "Service": (added("/spec/ports/-", {"name": "mine", "port": 9}),),
    "Ingress": (added("/spec/defaultBackend", SERVICE_REFERENCE),),
    "NetworkPolicy": (added("/spec/podSelector/matchExpressions", [{"key": "other", "operator": "Exists"}]),),
    "ScaledObject": (added("/spec/cooldownPeriod", 7),),
    "PodMonitor": (added("/spec/sampleLimit", 7),),
    "PrometheusRule": (added("/spec/groups/-", {"name": "mine", "rules": []}),),
}
"""The other kinds have no field under their spec that the operator does not set, or none that anybody may add."""


def change(child: Manifest) -> tuple[Manifest, ...]:
    """The JSON patch of somebody who wants one of our fields to be otherwise."""
    return (OF_SETTINGS if is_settings_config_map(child) else CHANGED[child["kind"]],)


def addition(child: Manifest) -> tuple[Manifest, ...]:
    """That of somebody who wants more; nothing where there is nothing to add."""
    return () if is_settings_config_map(child) else ADDED.get(child["kind"], ())
