"""The status keeps times, the last failure and the pinned model; conditions are tested where they are computed."""

from dataclasses import replace

import pytest
from sd_harness.services.live_objects import deployment, pod, resource
from sd_harness.services.observations import NOW, container_status, desired_state, observation
from sd_harness.services.service_specs import DEMO, with_demo
from sd_operator.api.status import OutdatedModel
from sd_operator.reconcile.observation import Observation
from sd_operator.reconcile.status import status
from sd_operator.resources import Manifest

SERVED = deployment(2, replicas=2, updatedReplicas=2, readyReplicas=2, availableReplicas=2)
STARTING = deployment(2, replicas=2, updatedReplicas=2)
PULL = {"waiting": {"reason": "ImagePullBackOff", "message": "ErrImagePull: server:1: not found"}}
BROKEN_POD = pod(initContainerStatuses=[container_status("engine", state=PULL)])


def test_a_transition_time_changes_only_with_the_status_of_the_condition() -> None:
    before = [
        {"type": "Ready", "status": "False", "lastTransitionTime": "2026-01-01T00:00:00Z"},
        {"type": "Available", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"},
    ]
    seen = observation(SERVED, resource=resource(DEMO) | {"status": {"conditions": before}})
    times = {each["type"]: each["lastTransitionTime"] for each in status(seen)["conditions"]}
    assert times == {
        "Ready": "2026-01-02T03:04:05Z",
        "ModelAccess": "2026-01-02T03:04:05Z",
        "ModelCached": "2026-01-02T03:04:05Z",
        "Available": "2026-01-01T00:00:00Z",
        "Progressing": "2026-01-02T03:04:05Z",
        "Degraded": "2026-01-02T03:04:05Z",
    }


def test_the_rest_of_the_status() -> None:
    written = status(observation(SERVED, resource=resource(DEMO, generation=3)))
    assert {each["observedGeneration"] for each in written.pop("conditions")} == {3}
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


def test_without_grpc_there_is_no_grpc_endpoint() -> None:
    spec = with_demo(network={"service": {"grpc": False}})
    assert "grpc" not in status(observation(SERVED, spec=spec))["endpoints"]


def test_outdated_models_are_listed() -> None:
    outdated, desired = OutdatedModel(claim_name="models", pipeline="a/b"), desired_state()
    listed = replace(desired, model=replace(desired.model, outdated=(outdated,)))
    assert status(observation(SERVED, desired=listed))["outdatedModels"] == [{"claimName": "models", "pipeline": "a/b"}]
    assert "outdatedModels" not in status(observation(SERVED, desired=desired))


def test_an_invalid_spec_keeps_the_model_that_its_pods_serve() -> None:
    before = {"model": {"source": "demo", "mode": "exact"}, "outdatedModels": [{"claimName": "a", "pipeline": "b"}]}
    seen = Observation(resource=resource({}) | {"status": before}, now=NOW, spec_error="spec.model: Field required")
    written = status(seen)
    assert {name: written[name] for name in before} == before
    assert {each["type"] for each in written["conditions"]} == {"Ready", "Available", "Progressing", "Degraded"}


def last_failure(seen: Observation) -> Manifest | None:
    """Return the last failure in the status."""
    return status(seen).get("lastFailure")


def failed_before(reason: str) -> Manifest:
    """Return a resource whose status has a last failure; `reason` is that of its condition Ready."""
    failure = {"reason": "ImagePullFailed", "message": "then", "time": "2026-01-01T00:00:00Z"}
    ready = {"type": "Ready", "status": "False", "reason": reason, "lastTransitionTime": "2026-01-01T00:00:00Z"}
    return resource(DEMO) | {"status": {"conditions": [ready], "lastFailure": failure}}


def test_what_is_under_way_is_no_failure() -> None:
    assert last_failure(observation(STARTING)) is None


def test_the_last_failure_is_kept_after_recovery() -> None:
    recovered = observation(SERVED, resource=failed_before("Serving"))
    assert last_failure(recovered) == {"reason": "ImagePullFailed", "message": "then", "time": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("reason", "since"), [("ImagePullFailed", "2026-01-01T00:00:00Z"), ("Serving", "2026-01-02T03:04:05Z")]
)
def test_a_failure_that_continues_keeps_its_time(reason: str, since: str) -> None:
    failure = last_failure(observation(STARTING, resource=failed_before(reason), pods=[BROKEN_POD]))
    assert failure is not None
    assert (failure["reason"], failure["time"]) == ("ImagePullFailed", since)
