"""A pod that is not ready is at one stage of its start; a stage that takes too long is a failure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sd_harness.services.live_objects import deployment, pod
from sd_harness.services.observations import NOW, conditions_by_type, container_status, observation
from sd_operator.reconcile.conditions.pod_startup import any_is_being_set_up, any_starts
from sd_operator.reconcile.finding import Finding
from sd_operator.reconcile.observation import Observation
from sd_operator.resources import Manifest

STARTING = deployment(2, replicas=2, updatedReplicas=2)


def true(kind: str, since: str = "2026-01-02T03:00:00Z") -> Manifest:
    """Return a condition of a pod that is true."""
    return {"type": kind, "status": "True", "lastTransitionTime": since}


def running(since: str = "2026-01-02T03:03:00Z", **state: bool) -> dict[str, Any]:
    """Return the status of a container with a process."""
    return {"state": {"running": {"startedAt": since}}, **state}


NO_PROCESS: dict[str, Any] = {"state": {"waiting": {"reason": "PodInitializing"}}}
SCHEDULED, SET_UP, INITIALIZED = true("PodScheduled"), true("PodReadyToStartContainers"), true("Initialized")
WAITS, SETUP = "the pod waits for a node", "the volumes and the network of the pod are set up"
ENGINE_IMAGE, TRITON_IMAGE = "the engine image is pulled", "the Triton image is pulled"
STAGES: dict[str, tuple[list[Manifest], dict[str, Any], dict[str, Any]]] = {
    WAITS: ([], {}, {}),
    SETUP: ([SCHEDULED], NO_PROCESS, NO_PROCESS),
    ENGINE_IMAGE: ([SCHEDULED, SET_UP], NO_PROCESS, NO_PROCESS),
    "the engine starts": ([SCHEDULED, SET_UP], running(), NO_PROCESS),
    "the engine loads the model": ([SCHEDULED, SET_UP], running(started=True), NO_PROCESS),
    TRITON_IMAGE: ([SCHEDULED, INITIALIZED], running(started=True, ready=True), NO_PROCESS),
    "Triton starts": ([SCHEDULED, INITIALIZED], running(started=True, ready=True), running()),
    "Triton is not ready": ([SCHEDULED, INITIALIZED], running(started=True, ready=True), running(started=True)),
}


def at_stage(name: str) -> Manifest:
    """Return a pod at a stage of its start."""
    conditions, engine, triton = STAGES[name]
    return pod(
        conditions=conditions,
        initContainerStatuses=[container_status("engine", **engine)],
        containerStatuses=[container_status("triton", **triton)],
        created="2026-01-02T03:00:00Z",
    )


def ready(seen: Observation, now: datetime = NOW) -> tuple[str, str]:
    """Return reason and message of the condition Ready at a time."""
    return conditions_by_type(replace(seen, now=now))["Ready"][1:]


@pytest.mark.parametrize("stage", STAGES)
def test_the_message_names_the_stage(stage: str) -> None:
    assert ready(observation(STARTING, pods=[at_stage(stage)])) == (
        "Starting", f"0 of 2 pods serve (2 of the latest spec). Pod demo-1: {stage}.",
    )  # fmt: skip


DESCRIBE, LOGS = "kubectl describe pod -n default demo-1", "kubectl logs -n default demo-1 -c"


@pytest.mark.parametrize(
    ("stage", "reason", "since", "command"),
    [
        (WAITS, "StartSlow", "03:00:00", DESCRIBE),
        (SETUP, "StartSlow", "03:00:00", DESCRIBE),
        (ENGINE_IMAGE, "StartSlow", "03:00:00", DESCRIBE),
        ("the engine loads the model", "ModelLoadSlow", "03:03:00", f"{LOGS} engine"),
        (TRITON_IMAGE, "StartSlow", "03:00:00", DESCRIBE),
        ("Triton is not ready", "StartSlow", "03:03:00", f"{LOGS} triton"),
    ],
)
def test_a_stage_of_more_than_ten_minutes_is_a_failure(stage: str, reason: str, since: str, command: str) -> None:
    seen = observation(STARTING, pods=[at_stage(stage)])
    began = datetime.fromisoformat(f"2026-01-02T{since}Z")
    assert ready(seen, began + timedelta(minutes=10))[0] == "Starting"
    message = f"Pod demo-1: {stage}, since 2026-01-02T{since}Z. To investigate, run {command}"
    assert ready(seen, began + timedelta(minutes=10, seconds=1)) == (reason, message)


def test_the_ten_minutes_begin_again_when_a_ready_pod_becomes_unready() -> None:
    unready = {"type": "Ready", "status": "False", "lastTransitionTime": "2026-01-02T12:00:00Z"}
    once_ready = at_stage("Triton is not ready")
    once_ready["status"]["conditions"].append(unready)
    seen = observation(STARTING, pods=[once_ready])
    assert ready(seen, datetime(2026, 1, 2, 12, 9, tzinfo=UTC))[0] == "Starting"
    assert ready(seen, datetime(2026, 1, 2, 12, 11, tzinfo=UTC))[0] == "StartSlow"


FAILED_MOUNT = Finding("VolumePending", 'Pod demo-1: MountVolume.SetUp failed for volume "model": no such share')


@pytest.mark.parametrize(
    ("stage", "reason"), [(SETUP, "VolumePending"), (ENGINE_IMAGE, "Starting"), ("the engine starts", "Starting")]
)
def test_a_setup_failure_counts_only_while_the_pod_is_being_set_up(stage: str, reason: str) -> None:
    seen = observation(STARTING, pods=[at_stage(stage)], setup_failures={"uid-demo-1": FAILED_MOUNT})
    assert ready(seen)[0] == reason
    assert (ready(seen)[1] == FAILED_MOUNT.message) == (reason == "VolumePending")


@pytest.mark.parametrize(
    ("stage", "starts", "is_set_up"),
    [(WAITS, False, False), (SETUP, True, True), (ENGINE_IMAGE, True, False), ("Triton starts", True, False)],
)
def test_a_pod_starts_once_it_has_a_node(stage: str, starts: bool, is_set_up: bool) -> None:  # noqa: FBT001
    assert any_starts([at_stage(stage)]) is starts
    assert any_is_being_set_up([at_stage(stage)]) is is_set_up
