"""The most severe reason why pods do not serve is named, as the scheduler, the kubelet or the container reports it."""

from typing import Any

import pytest
from sd_engine.termination_message import MODEL_NOT_LOADED
from sd_harness.services.live_objects import deployment, pod
from sd_harness.services.observations import NOW, conditions_by_type, container_status, observation
from sd_operator.reconcile.conditions.pod_failures import VOLUME_ADVICE, start_failure, worst_failure
from sd_operator.reconcile.finding import Finding

STARTING = deployment(2, replicas=2, updatedReplicas=2)

PULL = {
    "waiting": {
        "reason": "ImagePullBackOff",
        "message": 'Back-off pulling image "server:1": ErrImagePull: server:1: not found',
    }
}
CRASH = {
    "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}},
    "lastState": {"terminated": {"exitCode": 1, "reason": "Error", "message": "The model is not there.\n"}},
    "restartCount": 3,
}
NO_MODEL = {
    "state": {
        "terminated": {
            "exitCode": MODEL_NOT_LOADED,
            "reason": "Error",
            "message": "/model holds no pyannote pipeline: there is no config.yaml in it.",
        }
    }
}
OUT_OF_MEMORY = {"state": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}, "restartCount": 0}
ELSEWHERE = "0/2 nodes are available: 1 had volume node affinity conflict."
NO_NODE = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes: no GPU"}

FAILURES: dict[str, tuple[dict[str, Any], str, str]] = {
    "image": (
        {"initContainerStatuses": [container_status("engine", state=PULL)]},
        "ImagePullFailed",
        "Container engine of pod demo-1 cannot pull its image server:1: server:1: not found",
    ),
    "crash": (
        {"initContainerStatuses": [container_status("engine", **CRASH)]},
        "ContainerCrashed",
        (
            "Container engine of pod demo-1 terminated with exit code 1, 3 restarts. "
            "Its termination message: The model is not there."
        ),
    ),
    "out of memory": (
        {"containerStatuses": [container_status("triton", **OUT_OF_MEMORY)]},
        "ContainerCrashed",
        "Container triton of pod demo-1 terminated with exit code 137 (OOMKilled), 0 restarts.",
    ),
    "repeated exit": (
        {
            "containerStatuses": [
                container_status(
                    "triton",
                    state={"waiting": {"reason": "CrashLoopBackOff"}},
                    lastState={"terminated": {"exitCode": 0, "reason": "Completed"}},
                )
            ]
        },
        "ContainerCrashed",
        "Container triton of pod demo-1 terminated with exit code 0 (Completed), 0 restarts.",
    ),
    "container creation": (
        {
            "containerStatuses": [
                container_status(
                    "triton", state={"waiting": {"reason": "CreateContainerError", "message": "no /bin/sh"}}
                )
            ]
        },
        "ContainerCreationFailed",
        "Container triton of pod demo-1 cannot be created: no /bin/sh",
    ),
    "no node": ({"conditions": [NO_NODE]}, "Unschedulable", "Pod demo-1: 0/1 nodes: no GPU"),
    "volume on another node": (
        {"conditions": [NO_NODE | {"message": ELSEWHERE}]},
        "VolumePending",
        f"Pod demo-1: {ELSEWHERE} {VOLUME_ADVICE['volume node affinity']}",
    ),
    "no volume": (
        {"conditions": [NO_NODE | {"message": '0/1 nodes: persistentvolumeclaim "models" not found.'}]},
        "VolumePending",
        'Pod demo-1: 0/1 nodes: persistentvolumeclaim "models" not found.',
    ),
    "model": (
        {"initContainerStatuses": [container_status("engine", **NO_MODEL)]},
        "ModelLoadFailed",
        "Container engine of pod demo-1: /model holds no pyannote pipeline: there is no config.yaml in it.",
    ),
    "evicted": (
        {"phase": "Failed", "reason": "Evicted", "message": "The node was low on memory."},
        "Evicted",
        "Pod demo-1 failed. The node was low on memory.",
    ),
}


@pytest.mark.parametrize(("pod_status", "reason", "message"), FAILURES.values(), ids=FAILURES)
def test_the_reason_is_named_in_three_conditions(pod_status: dict[str, Any], reason: str, message: str) -> None:
    seen = conditions_by_type(observation(STARTING, pods=[pod(**pod_status)]))
    assert seen["Ready"] == ("False", reason, message)
    assert seen["Available"] == ("False", reason, message)
    assert seen["Degraded"] == ("True", reason, message)


def test_what_people_must_resolve_precedes_what_is_under_way() -> None:
    starting = pod("demo-2", created="2026-01-02T03:00:00Z")
    broken = pod("demo-1", initContainerStatuses=[container_status("engine", state=PULL)])
    failure = worst_failure([starting, broken], {}, NOW)
    assert failure is not None
    assert failure.reason == "ImagePullFailed"


def test_of_equal_failures_that_of_the_newest_pod_is_named() -> None:
    failure = worst_failure([pod("demo-1"), pod("demo-2", created="2026-01-02T00:00:00Z")], {}, NOW)
    assert failure is not None
    assert "demo-2" in failure.message


def test_a_pod_that_is_being_deleted_does_not_count() -> None:
    deleted = pod(initContainerStatuses=[container_status("engine", **CRASH)])
    deleted["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert worst_failure([deleted], {}, NOW) is None
    assert conditions_by_type(observation(STARTING, pods=[deleted]))["Ready"][1] == "RollingOut"


def test_an_evicted_pod_does_not_count_once_there_is_another() -> None:
    evicted = pod("demo-1", phase="Failed", reason="Evicted", message="The node was low on memory.")
    starting = pod("demo-2", created="2026-01-02T03:00:00Z")
    failure = worst_failure([evicted, starting], {}, NOW)
    assert failure is not None
    assert failure.reason == "Starting"


def test_a_termination_message_is_shortened_to_its_end() -> None:
    talk = {"state": {"terminated": {"exitCode": 1, "message": "x" * 5000 + "the end"}}}
    failure = worst_failure([pod(containerStatuses=[container_status("triton", **talk)])], {}, NOW)
    assert failure is not None
    assert len(failure.message) < 1200
    assert failure.message.endswith("the end")


def set_up(**conditions: str) -> list[dict[str, str]]:
    """Return a pod's conditions, all true for a while."""
    return [{"type": kind, "status": "True", "lastTransitionTime": since} for kind, since in conditions.items()]


ON_ITS_NODE = pod(conditions=set_up(PodScheduled="2026-01-02T03:00:00Z"))


def test_a_volume_that_another_node_uses_is_explained() -> None:
    taken = Finding("VolumePending", "Pod demo-1: Multi-Attach error for volume pvc-1: it is used by pod demo-0")
    expected = f"{taken.message} {VOLUME_ADVICE['Multi-Attach error']}"
    assert worst_failure([ON_ITS_NODE], {"uid-demo-1": taken}, NOW) == Finding("VolumePending", expected)


def test_the_pod_of_a_job_has_a_failure_only_before_it_starts() -> None:
    assert start_failure(pod(conditions=[NO_NODE]), {}, NOW) == Finding(
        "Unschedulable", "Pod demo-1: 0/1 nodes: no GPU"
    )
    assert start_failure(pod(containerStatuses=[container_status("model-store", **CRASH)]), {}, NOW) is None
    assert start_failure(ON_ITS_NODE, {}, NOW) is None
