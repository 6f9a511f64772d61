"""The PodDisruptionBudget never blocks a drain."""

import pytest
from children_manifests import child
from sd_harness.services.service_specs import DEMO, with_demo


@pytest.mark.parametrize("replicas", [0, 1, 5])
def test_one_pod_can_always_be_evicted(replicas: int) -> None:
    budget = child(with_demo(replicas=replicas), "PodDisruptionBudget")["spec"]
    assert budget["maxUnavailable"] == 1
    assert budget["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
    assert budget["selector"] == child(DEMO, "Deployment")["spec"]["selector"]
