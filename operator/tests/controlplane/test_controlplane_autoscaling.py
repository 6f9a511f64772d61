"""Kubernetes' own autoscaler on a DiarizationService: it reads what it was told to and sets the service's replicas."""

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
    """A control plane of its own with the autoscaler: who asks for its kinds waits for the metrics' server."""
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
    """What the pods of the service `demo` owe."""
    made = Backlogs(namespace, "demo")
    made.values = {"sd_backlog_seconds": 0, "nv_inference_pending_request_count": 0}
    with served(plane, made):
        yield made


def replicas(testbed: OperatorTestbed, wanted: int) -> None:
    """Waits until the service and its Deployment have so many."""
    for kind in ("diar", "deployment"):
        testbed.eventually(kind, lambda seen: seen["spec"]["replicas"] == wanted)


def why(autoscaler: Manifest, kind: str) -> tuple[str, str]:
    """Status and reason of one of the autoscaler's conditions."""
    found = condition(autoscaler, kind)
    return found["status"], found["reason"]


def test_it_adds_pods_for_the_backlog_at_once_and_does_not_take_them_away_at_once(
    testbed: OperatorTestbed, backlogs: Backlogs
) -> None:
    backlogs.values["sd_backlog_seconds"] = 3 * HOUR_S
    testbed.apply(SCALED)
    replicas(testbed, 4)  # 10800 s owed, 3000 s for each pod
    backlogs.values["sd_backlog_seconds"] = 0
    testbed.eventually("hpa", lambda seen: why(seen, "AbleToScale") == ("True", "ScaleDownStabilized"))
    replicas(testbed, 4)


def test_it_adds_pods_for_the_queue_of_triton_and_stops_at_the_most(
    testbed: OperatorTestbed, backlogs: Backlogs
) -> None:
    backlogs.values["nv_inference_pending_request_count"] = 6 * 16
    testbed.apply(SCALED)
    replicas(testbed, 5)
    testbed.eventually("hpa", lambda seen: why(seen, "ScalingLimited") == ("True", "TooManyReplicas"))


def test_the_service_says_when_nothing_is_measured_and_keeps_its_pods(
    testbed: OperatorTestbed, backlogs: Backlogs
) -> None:
    backlogs.values["sd_backlog_seconds"] = 2 * HOUR_S
    testbed.apply(SCALED)
    replicas(testbed, 3)
    testbed.eventually("diar", lambda seen: condition(seen, "Autoscaling")["status"] == "True")
    backlogs.values.clear()
    seen = testbed.eventually("diar", lambda seen: condition(seen, "Autoscaling")["status"] == "False")
    assert condition(seen, "Autoscaling")["reason"] == "FailedGetExternalMetric"
    replicas(testbed, 3)


def test_a_paused_service_is_not_woken_and_is_scaled_again_afterwards(
    testbed: OperatorTestbed, backlogs: Backlogs
) -> None:
    backlogs.values["sd_backlog_seconds"] = HOUR_S
    testbed.apply(SCALED)
    replicas(testbed, 2)
    testbed.kubectl("scale", "diar/demo", "--replicas=0")
    testbed.eventually("diar", lambda seen: condition(seen, "Ready")["reason"] == "Paused")
    assert testbed.get("hpa") is None
    time.sleep(3 * SYNC_S)
    replicas(testbed, 0)
    testbed.kubectl("scale", "diar/demo", "--replicas=1")
    replicas(testbed, 2)


def test_the_autoscaler_is_left_alone_once_it_is_right(testbed: OperatorTestbed, backlogs: Backlogs) -> None:
    backlogs.values["sd_backlog_seconds"] = HOUR_S
    testbed.apply(SCALED)
    replicas(testbed, 2)
    written = testbed.eventually("hpa", lambda seen: why(seen, "ScalingActive") == ("True", "ValidMetricFound"))
    assert written["spec"]["metrics"][0]["external"]["target"]["averageValue"] == "3k"  # as Kubernetes spells 3000
    writes, before = testbed.wait_until_quiet(), testbed.get("diar") or {}
    testbed.kubectl("annotate", "diar/demo", "looked-at=again")
    time.sleep(3 * SYNC_S)
    assert testbed.operator.count(WRITES) == writes
    assert (testbed.get("diar") or {})["metadata"]["generation"] == before["metadata"]["generation"]
