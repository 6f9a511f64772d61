"""The HorizontalPodAutoscaler of a service reads its metrics and sets the replicas of the service."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from external_metrics import Backlogs, served
from sd_harness.control_plane.control_plane import ControlPlane, Manifest, control_plane
from sd_harness.control_plane.operator_process import WRITES
from sd_harness.control_plane.operator_testbed import OperatorTestbed, condition
from sd_harness.services.service_specs import with_demo

SYNC_S = 1
SCALED = with_demo(autoscaling={"mode": "hpa", "minReplicas": 1, "maxReplicas": 5, "targetWait": "50m"})
HOUR_S = 3600


@pytest.fixture(scope="module")
def plane(tools: Path, chart: list[Manifest], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A separate control plane with the autoscaler: API discovery waits for its metrics server."""
    parts = [each for each in chart if each["kind"] == "CustomResourceDefinition" or "Role" in each["kind"]]
    controllers = [
        "--controllers=horizontal-pod-autoscaler-controller",
        f"--horizontal-pod-autoscaler-sync-period={SYNC_S}s",
    ]
    flags = {"kube-controller-manager": controllers}
    with control_plane(tmp_path_factory.mktemp("autoscaling"), tools, parts, flags) as running:
        yield running


@pytest.fixture
def backlogs(plane: ControlPlane, namespace: str) -> Iterator[Backlogs]:
    """The metrics of the pods of the service `demo`."""
    made = Backlogs(namespace, "demo")
    made.values = {"sd_backlog_seconds": 0, "nv_inference_pending_request_count": 0}
    with served(plane, made):
        yield made


def wait_for_replicas(testbed: OperatorTestbed, number: int) -> None:
    """Wait until the service and its Deployment have that number of replicas."""
    for kind in ("diar", "deployment"):
        testbed.eventually(kind, lambda seen: seen["spec"]["replicas"] == number)


def status_and_reason(autoscaler: Manifest, kind: str) -> tuple[str, str]:
    """Return status and reason of a condition of the autoscaler."""
    found = condition(autoscaler, kind)
    return found["status"], found["reason"]


def test_it_adds_pods_for_the_backlog_immediately_and_removes_them_later(
    testbed: OperatorTestbed, backlogs: Backlogs
) -> None:
    backlogs.values["sd_backlog_seconds"] = 3 * HOUR_S
    testbed.apply(SCALED)
    wait_for_replicas(testbed, 4)  # a backlog of 10800 s, 3000 s for each pod
    backlogs.values["sd_backlog_seconds"] = 0
    testbed.eventually("hpa", lambda seen: status_and_reason(seen, "AbleToScale") == ("True", "ScaleDownStabilized"))
    wait_for_replicas(testbed, 4)


def test_it_adds_pods_for_the_queue_of_triton_up_to_the_maximum(testbed: OperatorTestbed, backlogs: Backlogs) -> None:
    backlogs.values["nv_inference_pending_request_count"] = 6 * 16
    testbed.apply(SCALED)
    wait_for_replicas(testbed, 5)
    testbed.eventually("hpa", lambda seen: status_and_reason(seen, "ScalingLimited") == ("True", "TooManyReplicas"))


def test_the_service_reports_missing_metrics_and_keeps_its_pods(testbed: OperatorTestbed, backlogs: Backlogs) -> None:
    backlogs.values["sd_backlog_seconds"] = 2 * HOUR_S
    testbed.apply(SCALED)
    wait_for_replicas(testbed, 3)
    testbed.eventually("diar", lambda seen: condition(seen, "Autoscaling")["status"] == "True")
    backlogs.values.clear()
    seen = testbed.eventually("diar", lambda seen: condition(seen, "Autoscaling")["status"] == "False")
    assert condition(seen, "Autoscaling")["reason"] == "FailedGetExternalMetric"
    wait_for_replicas(testbed, 3)


def test_a_paused_service_is_not_scaled_until_it_is_resumed(testbed: OperatorTestbed, backlogs: Backlogs) -> None:
    backlogs.values["sd_backlog_seconds"] = HOUR_S
    testbed.apply(SCALED)
    wait_for_replicas(testbed, 2)
    testbed.kubectl("scale", "diar/demo", "--replicas=0")
    testbed.eventually("diar", lambda seen: condition(seen, "Ready")["reason"] == "Paused")
    assert testbed.get("hpa") is None
    time.sleep(3 * SYNC_S)
    wait_for_replicas(testbed, 0)
    testbed.kubectl("scale", "diar/demo", "--replicas=1")
    wait_for_replicas(testbed, 2)


def test_the_operator_does_not_write_an_autoscaler_that_is_as_desired(
    testbed: OperatorTestbed, backlogs: Backlogs
) -> None:
    backlogs.values["sd_backlog_seconds"] = HOUR_S
    testbed.apply(SCALED)
    wait_for_replicas(testbed, 2)
    written = testbed.eventually(
        "hpa", lambda seen: status_and_reason(seen, "ScalingActive") == ("True", "ValidMetricFound")
    )
    assert (
        written["spec"]["metrics"][0]["external"]["target"]["averageValue"] == "3k"
    )  # the notation of Kubernetes for 3000
    writes, before = testbed.wait_until_quiet(), testbed.get("diar") or {}
    testbed.kubectl("annotate", "diar/demo", "pass=again")
    time.sleep(3 * SYNC_S)
    assert testbed.operator.count(WRITES) == writes
    assert (testbed.get("diar") or {})["metadata"]["generation"] == before["metadata"]["generation"]
