"""Conditions follow what scheduler and kubelet say; the tests write where a kubelet would."""

import time
from typing import Any

from operator_bench import Bench, condition
from sd_operator.vocabulary import Manifest
from service_specs import DEMO, with_demo


def container(name: str, **status: Any) -> Manifest:
    """A container's status, as the API server demands it."""
    needed = {"image": "sd-triton-server:1", "imageID": "", "restartCount": 0, "ready": False}
    return {"name": name, **needed, **status}


def reason(bench: Bench, wanted: str) -> Manifest:
    """The service once it is not ready for that reason."""
    return bench.eventually("diar", lambda seen: condition(seen, "Ready")["reason"] == wanted)


def test_no_node_then_no_image_then_a_crash_then_ready_then_gone_again(bench: Bench) -> None:
    bench.apply(DEMO)
    reason(bench, "Unschedulable")

    missing = {"waiting": {"reason": "ErrImagePull", "message": "sd-triton-server:1: not found"}}
    bench.patch_pods(initContainerStatuses=[container("engine", state=missing)])
    seen = reason(bench, "ImagePullFailed")
    assert condition(seen, "Ready")["message"].endswith("its image sd-triton-server:1: sd-triton-server:1: not found")

    ended = {"exitCode": 1, "reason": "Error", "message": "SD_MODE is 'x'; it must be one of: exact, fast, reference."}
    waits = {"waiting": {"reason": "CrashLoopBackOff"}}
    crashed = container("engine", state=waits, lastState={"terminated": ended}, restartCount=2)
    bench.patch_pods(initContainerStatuses=[crashed])
    seen = reason(bench, "ContainerCrashed")
    assert condition(seen, "Ready")["message"].endswith(
        "Its last words: SD_MODE is 'x'; it must be one of: exact, fast, reference."
    )
    assert condition(seen, "Available")["status"] == "False"

    since = condition(seen, "Ready")["lastTransitionTime"]
    bench.patch_pods(
        conditions=[{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}],
        initContainerStatuses=[container("engine", state={"running": {}}) | {"ready": True, "started": True}],
    )
    seen = reason(bench, "Serving")
    assert {each["type"]: each["status"] for each in seen["status"]["conditions"]} == {
        "Ready": "True", "Available": "True", "Progressing": "False", "Degraded": "False",
    }  # fmt: skip
    assert seen["status"]["readyReplicas"] == 1
    assert condition(seen, "Ready")["lastTransitionTime"] >= since

    bench.kubectl("delete", "pods", "--all", "--wait=false")
    seen = reason(bench, "Unschedulable")
    assert condition(seen, "Available")["status"] == "False"
    assert seen["status"]["lastFailure"]["reason"] == "Unschedulable"

    assert [told for told in bench.events() if told[1] != "AsExpected"] == [
        ("Warning", "Unschedulable"),
        ("Warning", "ImagePullFailed"),
        ("Warning", "ContainerCrashed"),
        ("Normal", "Serving"),
        ("Warning", "Unschedulable"),
    ]
    assert "Container engine of pod" in bench.kubectl("describe", "diar", "demo")


def test_a_quota_that_refuses_the_pods_is_quoted_and_its_end_heals_the_service(bench: Bench) -> None:
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none", "namespace": bench.namespace}}
    bench.plane.apply(quota | {"spec": {"hard": {"pods": "0"}}})
    bench.eventually("resourcequota", lambda seen: seen.get("status", {}).get("hard"), "none")
    bench.apply(DEMO)
    assert "exceeded quota: none" in condition(reason(bench, "QuotaExceeded"), "Ready")["message"]
    time.sleep(5)  # by now the ReplicaSet's controller waits longer and longer between its tries
    bench.kubectl("delete", "resourcequota", "none")
    reason(bench, "Unschedulable")  # the pod exists


def test_a_class_that_does_not_exist_is_named_and_its_arrival_heals_the_service(bench: Bench) -> None:
    bench.apply(with_demo(compute={"priorityClassName": f"urgent-{bench.namespace}"}))
    assert "no PriorityClass with name" in condition(reason(bench, "PodsRefused"), "Ready")["message"]
    urgent = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "value": 1000}
    bench.plane.apply(urgent | {"metadata": {"name": f"urgent-{bench.namespace}"}})
    reason(bench, "Unschedulable")


def test_a_claim_that_does_not_exist_is_named(bench: Bench) -> None:
    claim = {"persistentVolumeClaim": {"claimName": "models"}}
    bench.apply({"model": {"source": claim}})
    bench.eventually("diar", lambda seen: condition(seen, "Ready")["reason"] in ("VolumePending", "Unschedulable"))


def test_a_kind_that_the_cluster_lacks_is_a_condition(bench: Bench) -> None:
    bench.apply(with_demo(monitoring={"podMonitor": True}, autoscaling={"mode": "keda"}))
    seen = bench.eventually("diar", lambda seen: condition(seen, "Degraded")["reason"] == "KindMissing")
    assert "This cluster has no PodMonitor" in condition(seen, "Degraded")["message"]
    assert condition(seen, "Autoscaling")["reason"] == "KedaMissing"
    bench.settled()


def test_the_columns_of_kubectl_get_show_the_reason(bench: Bench) -> None:
    bench.apply(DEMO)
    bench.settled()
    header, line = bench.kubectl("get", "dsvc").splitlines()
    assert header.split() == ["NAME", "READY", "REASON", "MODEL", "REPLICAS", "AGE"]
    assert line.split()[:5] == ["demo", "False", "Unschedulable", "demo", "1"]
