"""Conditions name the cause, in the words of whoever knows it, and keep their times."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sd_engine.termination_message import MODEL_NOT_LOADED
from sd_harness.services.live_objects import deployment, pod, resource, service
from sd_harness.services.service_specs import DEMO, with_demo
from sd_operator.reconcile.conditions.pod_failures import BOUND_TO_NODES
from sd_operator.reconcile.observe import Observation
from sd_operator.reconcile.reason import Cause
from sd_operator.reconcile.status import status
from sd_operator.resources import Manifest

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SERVED = deployment(2, replicas=2, updatedReplicas=2, readyReplicas=2, availableReplicas=2)
STARTS = deployment(2, replicas=2, updatedReplicas=2)


def observed(*children: Manifest, pods: tuple[Manifest, ...] = (), refusals: tuple[Cause, ...] = ()) -> Observation:
    """A service as it is seen."""
    return Observation(resource(DEMO, generation=3), [*children], [*pods], [*refusals])


def conditions(seen: Observation) -> dict[str, tuple[str, str, str]]:
    """Status, reason and message of every condition."""
    written = status(service(DEMO), seen, NOW)["conditions"]
    return {each["type"]: (each["status"], each["reason"], each["message"]) for each in written}


def container(name: str, **state: Any) -> Manifest:
    """A container's status."""
    return {"name": name, "image": "server:1", "restartCount": 0, "ready": False, "started": False, **state}


OF_THE_DEMO = {
    "ModelAccess": ("True", "NotNeeded", "No hub is asked: the model comes from demo."),
    "ModelCached": ("True", "BuiltIn", "The demo model is in the image."),
}


def test_all_replicas_serve() -> None:
    assert (
        conditions(observed(SERVED))
        == {
            "Ready": ("True", "Serving", "2 of 2 pods serve (2 of the latest spec)."),
            "Available": ("True", "Serving", "2 pods serve."),
            "Progressing": ("False", "RolledOut", "The latest spec is rolled out."),
            "Degraded": ("False", "AsExpected", "Nothing is wrong."),
        }
        | OF_THE_DEMO
    )


def test_a_rollout_keeps_the_service_available_and_not_ready() -> None:
    rolling = deployment(2, replicas=3, updatedReplicas=1, readyReplicas=2, availableReplicas=2)
    assert (
        conditions(observed(rolling))
        == {
            "Ready": ("False", "RollingOut", "2 of 2 pods serve (1 of the latest spec, 2 of an earlier spec)."),
            "Available": ("True", "Serving", "2 pods serve."),
            "Progressing": ("True", "RollingOut", "2 of 2 pods serve (1 of the latest spec, 2 of an earlier spec)."),
            "Degraded": ("False", "AsExpected", "Nothing is wrong."),
        }
        | OF_THE_DEMO
    )


def test_counts_of_an_earlier_deployment_are_not_believed() -> None:
    stale = SERVED | {"status": SERVED["status"] | {"observedGeneration": 1}}
    assert conditions(observed(stale))["Ready"][:2] == ("False", "RollingOut")


def test_a_paused_service_says_how_it_goes_on() -> None:
    seen = conditions(observed(deployment(0)))
    assert seen["Ready"] == ("False", "Paused", "replicas is 0; set it to 1 or more to serve again.")
    assert seen["Available"][:2] == ("False", "Paused")
    assert seen["Progressing"][:2] == ("False", "RolledOut")


def test_what_the_api_server_refused_comes_first() -> None:
    refusal = Cause("RequestRejected", "The API server refused Service demo: port 30700 is already allocated")
    assert conditions(observed(STARTS, refusals=(refusal,)))["Ready"] == ("False", refusal.reason, refusal.message)


def test_where_only_another_spec_helps_nothing_is_on_its_way() -> None:
    refusal = Cause("InvalidSpec", "spec.replicas: it must not be negative.")
    seen = conditions(observed(SERVED, refusals=(refusal,)))
    assert seen["Progressing"] == ("False", refusal.reason, refusal.message)


WAITS = Cause("TermsNotAccepted", "Accept the terms.")


@pytest.mark.parametrize("hindered", [{"refusals": [WAITS]}, {"model": WAITS}])
def test_an_earlier_spec_s_rollout_is_not_the_latest_s(hindered: dict[str, Any]) -> None:
    seen = conditions(replace(observed(SERVED), **hindered))
    assert seen["Ready"] == ("False", WAITS.reason, WAITS.message)
    assert seen["Available"][:2] == ("True", "Serving")
    assert seen["Progressing"] == ("True", WAITS.reason, WAITS.message)


@pytest.mark.parametrize(
    ("message", "reason"),
    [("exceeded quota: small", "QuotaExceeded"), ("no PriorityClass with name high was found", "PodsRejected")],
)
def test_whoever_refuses_pods_is_quoted(message: str, reason: str) -> None:
    failure = {"type": "ReplicaFailure", "status": "True", "message": message}
    assert conditions(observed(deployment(1, conditions=[failure])))["Ready"] == ("False", reason, message)


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

FAULTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "image": (
        {"initContainerStatuses": [container("engine", state=PULL)]},
        "ImagePullFailed",
        "Container engine of pod demo-1 cannot get its image server:1: server:1: not found",
    ),
    "crash": (
        {"initContainerStatuses": [container("engine", **CRASH)]},
        "ContainerCrashed",
        (
            "Container engine of pod demo-1 ended with exit code 1, 3 restarts so far. "
            "Its last words: The model is not there."
        ),
    ),
    "out of memory": (
        {"containerStatuses": [container("triton", **OUT_OF_MEMORY)]},
        "ContainerCrashed",
        "Container triton of pod demo-1 ended with exit code 137 (OOMKilled), 0 restarts so far.",
    ),
    "ends again and again": (
        {
            "containerStatuses": [
                container(
                    "triton",
                    state={"waiting": {"reason": "CrashLoopBackOff"}},
                    lastState={"terminated": {"exitCode": 0, "reason": "Completed"}},
                )
            ]
        },
        "ContainerCrashed",
        "Container triton of pod demo-1 ended with exit code 0 (Completed), 0 restarts so far.",
    ),
    "no container": (
        {
            "containerStatuses": [
                container("triton", state={"waiting": {"reason": "CreateContainerError", "message": "no /bin/sh"}})
            ]
        },
        "ContainerCreationFailed",
        "Container triton of pod demo-1 cannot be made: no /bin/sh",
    ),
    "no node": ({"conditions": [NO_NODE]}, "Unschedulable", "Pod demo-1: 0/1 nodes: no GPU"),
    "a volume elsewhere": (
        {"conditions": [NO_NODE | {"message": ELSEWHERE}]},
        "VolumePending",
        f"Pod demo-1: {ELSEWHERE} {BOUND_TO_NODES['volume node affinity']}",
    ),
    "no volume": (
        {"conditions": [NO_NODE | {"message": '0/1 nodes: persistentvolumeclaim "models" not found.'}]},
        "VolumePending",
        'Pod demo-1: 0/1 nodes: persistentvolumeclaim "models" not found.',
    ),
    "model": (
        {"initContainerStatuses": [container("engine", **NO_MODEL)]},
        "ModelLoadFailed",
        "Container engine of pod demo-1: /model holds no pyannote pipeline: there is no config.yaml in it.",
    ),
    "evicted": (
        {"phase": "Failed", "reason": "Evicted", "message": "The node was low on memory."},
        "Evicted",
        "Pod demo-1 has failed. The node was low on memory.",
    ),
}


@pytest.mark.parametrize(("pod_status", "reason", "message"), FAULTS.values(), ids=FAULTS)
def test_the_cause_is_named(pod_status: dict[str, Any], reason: str, message: str) -> None:
    seen = conditions(observed(STARTS, pods=(pod(**pod_status),)))
    assert seen["Ready"] == ("False", reason, message)
    assert seen["Available"] == ("False", reason, message)
    assert seen["Degraded"] == ("True", reason, message)


def true(kind: str, since: str = "2026-01-02T03:00:00Z") -> Manifest:
    """A pod's condition that holds since a while."""
    return {"type": kind, "status": "True", "lastTransitionTime": since}


def running(since: str = "2026-01-02T03:03:00Z", **state: bool) -> dict[str, Any]:
    """A container whose process has begun."""
    return {"state": {"running": {"startedAt": since}}, **state}


NO_PROCESS: dict[str, Any] = {"state": {"waiting": {"reason": "PodInitializing"}}}
SCHEDULED, SET_UP, INITIALIZED = true("PodScheduled"), true("PodReadyToStartContainers"), true("Initialized")
STAGES: dict[str, tuple[list[Manifest], dict[str, Any], dict[str, Any]]] = {
    "it waits for a node": ([], {}, {}),
    "its volumes and its network are set up": ([SCHEDULED], NO_PROCESS, NO_PROCESS),
    "the engine's image is pulled": ([SCHEDULED, SET_UP], NO_PROCESS, NO_PROCESS),
    "the engine starts": ([SCHEDULED, SET_UP], running(), NO_PROCESS),
    "the engine loads the model": ([SCHEDULED, SET_UP], running(started=True), NO_PROCESS),
    "Triton's image is pulled": ([SCHEDULED, INITIALIZED], running(started=True, ready=True), NO_PROCESS),
    "Triton starts": ([SCHEDULED, INITIALIZED], running(started=True, ready=True), running()),
    "Triton is not ready": ([SCHEDULED, INITIALIZED], running(started=True, ready=True), running(started=True)),
}


def at_stage(words: str) -> Manifest:
    """A pod at a stage of its start."""
    conditions, engine, triton = STAGES[words]
    return pod(
        conditions=conditions,
        initContainerStatuses=[container("engine", **engine)],
        containerStatuses=[container("triton", **triton)],
        created="2026-01-02T03:00:00Z",
    )


def ready(seen: Observation, now: datetime = NOW) -> tuple[str, str]:
    """Reason and message of the condition Ready at some time."""
    written = {each["type"]: each for each in status(service(DEMO), seen, now)["conditions"]}
    return written["Ready"]["reason"], written["Ready"]["message"]


@pytest.mark.parametrize("stage", STAGES)
def test_a_pod_that_starts_says_how_far_it_is(stage: str) -> None:
    assert ready(observed(STARTS, pods=(at_stage(stage),))) == (
        "Starting", f"0 of 2 pods serve (2 of the latest spec). Pod demo-1: {stage}.",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("stage", "reason", "since", "read"),
    [
        ("it waits for a node", "StartSlow", "03:00:00", "kubectl describe pod -n default demo-1"),
        ("its volumes and its network are set up", "StartSlow", "03:00:00", "kubectl describe pod -n default demo-1"),
        ("the engine's image is pulled", "StartSlow", "03:00:00", "kubectl describe pod -n default demo-1"),
        ("the engine loads the model", "ModelLoadSlow", "03:03:00", "kubectl logs -n default demo-1 -c engine"),
        ("Triton's image is pulled", "StartSlow", "03:00:00", "kubectl describe pod -n default demo-1"),
        ("Triton is not ready", "StartSlow", "03:03:00", "kubectl logs -n default demo-1 -c triton"),
    ],
)
def test_a_stage_that_lasts_longer_than_ten_minutes_is_a_failure(
    stage: str, reason: str, since: str, read: str
) -> None:
    seen = observed(STARTS, pods=(at_stage(stage),))
    began = datetime.fromisoformat(f"2026-01-02T{since}Z")
    assert ready(seen, began + timedelta(minutes=10))[0] == "Starting"
    sentence = f"Pod demo-1: {stage}, since 2026-01-02T{since}Z. What keeps it: {read}"
    assert ready(seen, began + timedelta(minutes=10, seconds=1)) == (reason, sentence)


def test_a_pod_that_served_for_hours_has_its_ten_minutes_again() -> None:
    unready = {"type": "Ready", "status": "False", "lastTransitionTime": "2026-01-02T12:00:00Z"}
    once_ready = at_stage("Triton is not ready")
    once_ready["status"]["conditions"].append(unready)
    seen = observed(STARTS, pods=(once_ready,))
    assert ready(seen, datetime(2026, 1, 2, 12, 9, tzinfo=UTC))[0] == "Starting"
    assert ready(seen, datetime(2026, 1, 2, 12, 11, tzinfo=UTC))[0] == "StartSlow"


FAILED_MOUNT = Cause("VolumePending", 'Pod demo-1: MountVolume.SetUp failed for volume "model": no such share')


@pytest.mark.parametrize(
    ("stage", "reason"),
    [
        ("its volumes and its network are set up", "VolumePending"),
        ("the engine's image is pulled", "Starting"),
        ("the engine starts", "Starting"),
    ],
)
def test_why_a_pod_cannot_be_set_up_is_said_for_as_long_as_it_is_so(stage: str, reason: str) -> None:
    setups = {"uid-demo-1": FAILED_MOUNT}
    seen = Observation(resource(DEMO), [STARTS], [at_stage(stage)], failed_setups=setups)
    assert ready(seen)[0] == reason
    assert (ready(seen)[1] == FAILED_MOUNT.message) == (reason == "VolumePending")


def test_a_volume_that_another_node_has_is_explained() -> None:
    taken = Cause("VolumePending", "Pod demo-1: Multi-Attach error for volume pvc-1: it is used by pod demo-0")
    seen = Observation(
        resource(DEMO),
        [STARTS],
        [at_stage("its volumes and its network are set up")],
        failed_setups={"uid-demo-1": taken},
    )
    assert ready(seen)[1] == f"{taken.message} {BOUND_TO_NODES['Multi-Attach error']}"


def surging(strategy: str) -> Manifest:
    """A rollout that lacks a node for its new pod while an old one serves."""
    rolling = deployment(1, replicas=2, updatedReplicas=1, readyReplicas=1, availableReplicas=1)
    return rolling | {"spec": rolling["spec"] | {"strategy": {"type": strategy}}}


@pytest.mark.parametrize(
    ("live", "advised"),
    [(surging("RollingUpdate"), True), (surging("Recreate"), False), (STARTS, False)],
    ids=["old pods serve", "old pods go first", "no old pods"],
)
def test_a_surge_without_room_says_how_to_go_on(live: Manifest, advised: bool) -> None:  # noqa: FBT001
    reason, message = ready(observed(live, pods=(pod(conditions=[NO_NODE]),)))
    assert reason == "Unschedulable"
    assert message.startswith("Pod demo-1: 0/1 nodes: no GPU")
    assert message.endswith("serve on until it does. Where it lacks what they hold, such as the last GPU, free that, "
                            "or set rollout: Recreate.") == advised  # fmt: skip


def test_a_rollout_that_the_cluster_finds_stuck_does_not_progress() -> None:
    stuck = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
    stuck["lastTransitionTime"] = "2026-01-02T03:04:00Z"
    live = deployment(1, replicas=1, updatedReplicas=1, conditions=[stuck])
    live["spec"]["progressDeadlineSeconds"] = 600
    assert conditions(observed(live, pods=(pod(conditions=[NO_NODE]),)))["Progressing"] == (
        "False",
        "ProgressDeadlineExceeded",
        "Nothing has moved within 600 s, as was found at 2026-01-02T03:04:00Z. Pod demo-1: 0/1 nodes: no GPU",
    )


def test_what_a_person_must_mend_comes_before_what_is_under_way() -> None:
    starting = pod("demo-2", created="2026-01-02T03:00:00Z")
    broken = pod("demo-1", initContainerStatuses=[container("engine", state=PULL)])
    assert conditions(observed(STARTS, pods=(starting, broken)))["Ready"][1] == "ImagePullFailed"


def test_the_newest_pod_speaks_for_its_kind() -> None:
    pods = (pod("demo-1"), pod("demo-2", created="2026-01-02T00:00:00Z"))
    assert "demo-2" in conditions(observed(STARTS, pods=pods))["Ready"][2]


def test_a_pod_that_leaves_is_not_blamed() -> None:
    leaving = pod(initContainerStatuses=[container("engine", **CRASH)])
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert conditions(observed(STARTS, pods=(leaving,)))["Ready"][1] == "RollingOut"


def test_a_pod_that_was_evicted_is_history_once_another_has_come() -> None:
    evicted = pod("demo-1", phase="Failed", reason="Evicted", message="The node was low on memory.")
    starting = pod("demo-2", created="2026-01-02T03:00:00Z")
    assert conditions(observed(STARTS, pods=(evicted, starting)))["Ready"][1] == "Starting"


def test_last_words_are_cut_to_a_readable_length() -> None:
    talk = {"state": {"terminated": {"exitCode": 1, "message": "x" * 5000 + "the end"}}}
    message = conditions(observed(STARTS, pods=(pod(containerStatuses=[container("triton", **talk)]),)))["Ready"][2]
    assert len(message) < 1200
    assert message.endswith("the end")


def test_a_time_moves_only_when_the_status_does() -> None:
    before = [
        {"type": "Ready", "status": "False", "lastTransitionTime": "2026-01-01T00:00:00Z"},
        {"type": "Available", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"},
    ]
    seen = Observation(resource(DEMO) | {"status": {"conditions": before}}, [SERVED], [])
    times = {each["type"]: each["lastTransitionTime"] for each in status(service(DEMO), seen, NOW)["conditions"]}
    assert times == {
        "Ready": "2026-01-02T03:04:05Z",
        "ModelAccess": "2026-01-02T03:04:05Z",
        "ModelCached": "2026-01-02T03:04:05Z",
        "Available": "2026-01-01T00:00:00Z",
        "Progressing": "2026-01-02T03:04:05Z",
        "Degraded": "2026-01-02T03:04:05Z",
    }


def test_the_rest_of_the_status() -> None:
    written = status(service(DEMO), observed(SERVED), NOW)
    del written["conditions"]
    assert written == {
        "observedGeneration": 3,
        "replicas": 2,
        "readyReplicas": 2,
        "selector": "app.kubernetes.io/name=sd-triton,app.kubernetes.io/instance=demo,"
        "app.kubernetes.io/component=server",
        "endpoints": {
            "http": "http://demo.default.svc:8000",
            "grpc": "demo.default.svc:8001",
            "metrics": "http://demo.default.svc:8002/metrics",
        },
        "model": {"source": "demo", "mode": "exact"},
    }


def failed_since(seen: Observation) -> Manifest | None:
    """What the status says of the last failure."""
    return status(service(DEMO), seen, NOW).get("lastFailure")


def before(reason: str) -> Manifest:
    """A resource whose status told of a failure."""
    failure = {"reason": "ImagePullFailed", "message": "then", "time": "2026-01-01T00:00:00Z"}
    ready = {"type": "Ready", "status": "False", "reason": reason, "lastTransitionTime": "2026-01-01T00:00:00Z"}
    return resource(DEMO) | {"status": {"conditions": [ready], "lastFailure": failure}}


def test_what_is_only_under_way_is_no_failure() -> None:
    assert failed_since(observed(STARTS)) is None


def test_a_failure_is_kept_once_the_service_has_healed() -> None:
    healed = Observation(before("Serving"), [SERVED], [])
    assert failed_since(healed) == {"reason": "ImagePullFailed", "message": "then", "time": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("reason", "since"), [("ImagePullFailed", "2026-01-01T00:00:00Z"), ("Serving", "2026-01-02T03:04:05Z")]
)
def test_a_failure_that_goes_on_began_when_it_began(reason: str, since: str) -> None:
    broken = pod(initContainerStatuses=[container("engine", state=PULL)])
    failure = failed_since(Observation(before(reason), [STARTS], [broken]))
    assert failure is not None
    assert (failure["reason"], failure["time"]) == ("ImagePullFailed", since)


def test_a_conflict_degrades_a_service_that_serves() -> None:
    conflict = Cause("FieldConflict", "kubectl-edit keeps changing spec.replicas.")
    seen = conditions(Observation(resource(DEMO), [SERVED], [], conflicts=[conflict]))
    assert seen["Degraded"] == ("True", "FieldConflict", "kubectl-edit keeps changing spec.replicas.")
    assert seen["Ready"][0] == "True"


def test_a_kind_that_the_cluster_lacks_is_named() -> None:
    seen = conditions(Observation(resource(DEMO), [SERVED], [], missing=frozenset({"PodMonitor", "PrometheusRule"})))
    assert seen["Degraded"][:2] == ("True", "KindMissing")
    assert seen["Degraded"][2].startswith(
        "This cluster has no PodMonitor and PrometheusRule (monitoring.coreos.com/v1)"
    )
    assert seen["Ready"][0] == "True"


def test_a_kind_that_only_lacks_rights_is_not_called_missing() -> None:
    both = frozenset({"PodMonitor", "PrometheusRule"})
    seen = conditions(Observation(resource(DEMO), [SERVED], [], missing=both, forbidden=both))
    assert seen["Degraded"][:2] == ("True", "KindForbidden")
    assert seen["Degraded"][2].startswith("The operator has no rights to PodMonitor and PrometheusRule")


def scaled(
    mode: str, *children: Manifest, missing: frozenset[str] = frozenset(), forbidden: frozenset[str] = frozenset()
) -> tuple[str, str, str]:
    """The condition Autoscaling of a service that something scales."""
    spec = with_demo(autoscaling={"mode": mode})
    seen = Observation(resource(spec), [SERVED, *children], [], missing=missing, forbidden=forbidden)
    written = {each["type"]: each for each in status(service(spec), seen, NOW)["conditions"]}
    return tuple(written["Autoscaling"][field] for field in ("status", "reason", "message"))  # pyright: ignore[reportReturnType]


def autoscaler(kind: str, **condition: str) -> Manifest:
    """An autoscaler with one condition."""
    return {"kind": kind, "metadata": {"name": "demo"}, "status": {"conditions": [condition]}}


def test_a_service_that_people_scale_has_no_such_condition() -> None:
    assert "Autoscaling" not in conditions(observed(SERVED))


def test_an_autoscaler_speaks_for_itself() -> None:
    hpa = autoscaler("HorizontalPodAutoscaler", type="ScalingActive", status="False", reason="FailedGetExternalMetric",
                     message="no metrics API")  # fmt: skip
    assert scaled("hpa", hpa) == ("False", "FailedGetExternalMetric", "no metrics API")
    keda = autoscaler("ScaledObject", type="Ready", status="True", message="ScaledObject is ready")
    assert scaled("keda", keda) == ("True", "Scaling", "ScaledObject is ready")


def test_an_autoscaler_that_has_not_spoken_is_waited_for() -> None:
    assert scaled("hpa")[:2] == ("Unknown", "Waiting")


@pytest.mark.parametrize("mode", ["hpa", "keda"])
def test_a_paused_service_is_not_scaled(mode: str) -> None:
    spec = with_demo(autoscaling={"mode": mode}, replicas=0)
    written = status(service(spec), Observation(resource(spec), [deployment(0)], []), NOW)["conditions"]
    assert [(each["status"], each["reason"]) for each in written if each["type"] == "Autoscaling"] == [
        ("False", "Paused")
    ]


def test_a_cluster_without_keda_is_told() -> None:
    scaled_objects = frozenset({"ScaledObject"})
    assert scaled("keda", missing=scaled_objects)[:2] == ("False", "KedaMissing")
    assert scaled("keda", missing=scaled_objects, forbidden=scaled_objects)[:2] == ("False", "KedaForbidden")


def test_without_grpc_there_is_no_such_address() -> None:
    spec = with_demo(network={"service": {"grpc": False}})
    assert "grpc" not in status(service(spec), observed(SERVED), NOW)["endpoints"]
