"""The services are counted by readiness from the cache."""

from typing import Any

from sd_harness.services.live_objects import resource
from sd_harness.services.service_specs import DEMO, with_demo
from sd_operator.kube.cache import Cache
from sd_operator.metrics import Metrics
from sd_operator.service_metrics import ServiceCollector


def ready(status: str, reason: str) -> dict[str, Any]:
    """A condition Ready."""
    return {"type": "Ready", "status": status, "reason": reason}


def test_services_are_counted_by_readiness_and_pods_are_summed() -> None:
    cache, metrics = Cache(), Metrics()
    cache.upsert(resource(DEMO, "new", uid="1"))
    cache.upsert(resource(with_demo(replicas=3), "a", uid="2") | {
        "status": {"conditions": [ready("True", "Serving")], "readyReplicas": 3},
    })  # fmt: skip
    for name in ("b", "c"):
        cache.upsert(resource(DEMO, name, uid=name) | {"status": {"conditions": [ready("False", "Unschedulable")]}})
    metrics.add(ServiceCollector(cache))
    page = metrics.render().decode()
    assert 'sd_operator_services{ready="True",reason="Serving"} 1.0' in page
    assert 'sd_operator_services{ready="False",reason="Unschedulable"} 2.0' in page
    assert 'sd_operator_services{ready="Unknown",reason="NotReconciled"} 1.0' in page
    assert "sd_operator_pods_wanted 6.0" in page
    assert "sd_operator_pods_ready 3.0" in page
