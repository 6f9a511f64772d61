"""Ready, Available and Progressing name what prevents the service from serving its latest spec."""

from dataclasses import replace
from typing import Any

import pytest
from sd_harness.services.live_objects import deployment, pod, resource
from sd_harness.services.observations import conditions_by_type, desired_state, observation
from sd_harness.services.service_specs import DEMO
from sd_operator.reconcile.finding import Finding
from sd_operator.resources import FIELD_MANAGER, Manifest

SERVED = deployment(2, replicas=2, updatedReplicas=2, readyReplicas=2, availableReplicas=2)
STARTING = deployment(2, replicas=2, updatedReplicas=2)
MODEL_CONDITIONS = {
    "ModelAccess": ("True", "NotNeeded", "No hub is used: the model comes from demo."),
    "ModelCached": ("True", "BuiltIn", "The demo model is part of the server image."),
}
NO_NODE = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes: no GPU"}


def test_all_replicas_serve() -> None:
    assert conditions_by_type(observation(SERVED)) == {
        "Ready": ("True", "Serving", "2 of 2 pods serve (2 of the latest spec)."),
        "Available": ("True", "Serving", "2 pods serve."),
        "Progressing": ("False", "RolledOut", "The latest spec is rolled out."),
        "Degraded": ("False", "AsExpected", "Nothing is wrong."),
        **MODEL_CONDITIONS,
    }


def test_a_service_is_available_and_not_ready_during_a_rollout() -> None:
    rolling = deployment(2, replicas=3, updatedReplicas=1, readyReplicas=2, availableReplicas=2)
    assert conditions_by_type(observation(rolling)) == {
        "Ready": ("False", "RollingOut", "2 of 2 pods serve (1 of the latest spec, 2 of an earlier spec)."),
        "Available": ("True", "Serving", "2 pods serve."),
        "Progressing": ("True", "RollingOut", "2 of 2 pods serve (1 of the latest spec, 2 of an earlier spec)."),
        "Degraded": ("False", "AsExpected", "Nothing is wrong."),
        **MODEL_CONDITIONS,
    }


def test_counts_of_an_earlier_generation_of_the_deployment_do_not_count() -> None:
    stale = SERVED | {"status": SERVED["status"] | {"observedGeneration": 1}}
    assert conditions_by_type(observation(stale))["Ready"][:2] == ("False", "RollingOut")


def test_a_paused_service_says_how_to_resume() -> None:
    seen = conditions_by_type(observation(deployment(0)))
    assert seen["Ready"] == ("False", "Paused", "replicas is 0. Set it to 1 or more to serve again.")
    assert seen["Available"][:2] == ("False", "Paused")
    assert seen["Progressing"][:2] == ("False", "RolledOut")


def test_a_rejected_request_precedes_everything_else() -> None:
    error = Finding("RequestRejected", "The API server rejected Service demo: port 30700 is already allocated")
    seen = conditions_by_type(observation(STARTING, errors=[error]))
    assert seen["Ready"] == ("False", error.reason, error.message)


def test_nothing_progresses_if_only_another_spec_helps() -> None:
    error = Finding("InvalidSpec", "spec.replicas: it must not be negative.")
    seen = conditions_by_type(observation(SERVED, errors=[error]))
    assert seen["Progressing"] == ("False", error.reason, error.message)


TERMS = Finding("TermsNotAccepted", "Accept the terms.")


@pytest.mark.parametrize("changed", [{"errors": [TERMS]}, {"desired": desired_state(model=TERMS)}])
def test_the_rollout_of_an_earlier_spec_is_not_that_of_the_latest(changed: dict[str, Any]) -> None:
    seen = conditions_by_type(replace(observation(SERVED), **changed))
    assert seen["Ready"] == ("False", TERMS.reason, TERMS.message)
    assert seen["Available"][:2] == ("True", "Serving")
    assert seen["Progressing"] == ("True", TERMS.reason, TERMS.message)


@pytest.mark.parametrize(
    ("message", "reason"),
    [("exceeded quota: small", "QuotaExceeded"), ("no PriorityClass with name high was found", "PodsRejected")],
)
def test_the_message_of_a_pod_rejection_is_quoted(message: str, reason: str) -> None:
    failure = {"type": "ReplicaFailure", "status": "True", "message": message}
    seen = conditions_by_type(observation(deployment(1, conditions=[failure])))
    assert seen["Ready"] == ("False", reason, message)


def surging(strategy: str) -> Manifest:
    """Return a rollout whose new pod gets no node while an old pod serves."""
    rolling = deployment(1, replicas=2, updatedReplicas=1, readyReplicas=1, availableReplicas=1)
    return rolling | {"spec": rolling["spec"] | {"strategy": {"type": strategy}}}


@pytest.mark.parametrize(
    ("live", "advised"),
    [(surging("RollingUpdate"), True), (surging("Recreate"), False), (STARTING, False)],
    ids=["old pods serve", "old pods terminate first", "no old pods"],
)
def test_a_surge_without_room_says_how_to_continue(live: Manifest, advised: bool) -> None:  # noqa: FBT001
    seen = conditions_by_type(observation(live, pods=[pod(conditions=[NO_NODE])]))
    _, reason, message = seen["Ready"]
    assert reason == "Unschedulable"
    assert message.startswith("Pod demo-1: 0/1 nodes: no GPU")
    assert message.endswith("such as the last GPU, free one, or set rollout: Recreate.") == advised


def test_a_stalled_rollout_does_not_progress() -> None:
    stalled = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
    stalled["lastTransitionTime"] = "2026-01-02T03:04:00Z"
    live = deployment(1, replicas=1, updatedReplicas=1, conditions=[stalled])
    live["spec"]["progressDeadlineSeconds"] = 600
    seen = conditions_by_type(observation(live, pods=[pod(conditions=[NO_NODE])]))
    assert seen["Progressing"] == (
        "False",
        "ProgressDeadlineExceeded",
        "The rollout made no progress within 600 s before 2026-01-02T03:04:00Z. Pod demo-1: 0/1 nodes: no GPU",
    )


def paused(live: Manifest) -> Manifest:
    """Return a Deployment that kubectl has paused."""
    entry = {"manager": "kubectl-rollout", "time": "2026-01-01T00:00:00Z", "fieldsV1": {"f:spec": {"f:paused": {}}}}
    ours = {"manager": FIELD_MANAGER, "time": "2026-01-02T00:00:00Z", "fieldsV1": {"f:spec": {"f:replicas": {}}}}
    metadata = live["metadata"] | {"managedFields": [entry, ours]}
    return live | {"metadata": metadata, "spec": live["spec"] | {"paused": True}}


PAUSED_MESSAGE = (
    "kubectl-rollout has set spec.paused of Deployment demo, so no change reaches the pods. To resume, run kubectl "
    "rollout resume -n default deployment/demo"
)


def test_a_paused_deployment_prevents_readiness_until_it_is_rolled_out() -> None:
    seen = conditions_by_type(observation(paused(STARTING)))
    assert seen["Ready"] == ("False", "DeploymentPaused", PAUSED_MESSAGE)
    assert seen["Progressing"] == ("False", "DeploymentPaused", PAUSED_MESSAGE)
    assert seen["Degraded"] == ("True", "DeploymentPaused", PAUSED_MESSAGE)


def test_a_paused_deployment_that_is_rolled_out_serves_and_is_degraded() -> None:
    seen = conditions_by_type(observation(paused(SERVED)))
    assert seen["Ready"][:2] == ("True", "Serving")
    assert seen["Progressing"][:2] == ("False", "RolledOut")
    assert seen["Degraded"] == ("True", "DeploymentPaused", PAUSED_MESSAGE)


def test_the_observed_generation_is_that_of_the_resource() -> None:
    seen = observation(SERVED, resource=resource(DEMO, generation=3))
    assert seen.generation == 3
