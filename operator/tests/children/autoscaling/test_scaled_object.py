"""The ScaledObject sums the backlog of the pods behind the headless Service."""

from typing import Any

import known_metrics
from children_manifests import child
from sd_harness.services.service_specs import with_demo

SPEC = with_demo(autoscaling={"mode": "keda", "minReplicas": 2, "maxReplicas": 9, "targetWait": "1m30s"})


def keda() -> dict[str, Any]:
    """Return the spec of the ScaledObject."""
    return child(SPEC, "ScaledObject")["spec"]


def test_bounds_are_those_of_the_spec() -> None:
    assert (keda()["minReplicaCount"], keda()["maxReplicaCount"]) == (2, 9)


def test_trigger_sums_the_backlog_of_the_pods() -> None:
    [trigger] = keda()["triggers"]
    metadata = trigger["metadata"]
    assert (trigger["type"], trigger["metricType"]) == ("metrics-api", "AverageValue")
    assert (metadata["format"], metadata["targetValue"], metadata["aggregationType"]) == ("prometheus", "90", "sum")
    # KEDA reads the first sample that matches the labels of the query; without labels, the metric must have none.
    assert known_metrics.engine()[metadata["valueLocation"]] == set()


def test_url_is_that_of_a_port_of_the_headless_service() -> None:
    [trigger] = keda()["triggers"]
    host, _, rest = trigger["metadata"]["url"].removeprefix("http://").partition(":")
    name, namespace, _ = host.split(".")
    service = child(SPEC, "Service", name)
    assert (namespace, rest) == (service["metadata"]["namespace"], "8003/metrics")
    assert 8003 in [port["targetPort"] for port in service["spec"]["ports"]]
    assert service["spec"]["clusterIP"] == "None"


def test_no_pod_is_removed_without_metrics() -> None:
    fallback = keda()["fallback"]
    assert fallback == {"failureThreshold": 3, "replicas": 2, "behavior": "currentReplicasIfHigher"}
