"""Models that no service serves are removed from a claim, after every service that uses the claim is rolled out."""

from dataclasses import replace
from typing import Any

from sd_harness.services.live_objects import COMMIT, MODEL_DIGEST, pod, resource, service
from sd_harness.services.model_jobs import (
    PIPELINE,
    PIPELINE_FOLDER,
    SHARED,
    UNSCHEDULABLE,
    arguments,
    failed_job,
    finished_job,
    first_job,
    new,
    pinned_resource,
    plan,
    rolled_out,
    running_job,
    serving,
)
from sd_harness.services.service_specs import DEMO, Spec
from sd_operator.api.status import OutdatedModel
from sd_operator.reconcile.finding import Finding
from sd_operator.reconcile.model.model_garbage_collection import ClaimUser, claim_user
from sd_operator.reconcile.model.provisioning import ModelPlan

SERVICE = service(SHARED)
OUTDATED = OutdatedModel(claim_name="shared", pipeline=PIPELINE)


def collected(*users: ClaimUser, jobs: tuple[Any, ...] = (), is_rolled_out: bool = True) -> ModelPlan:
    """Return the next step of a rolled-out service with an outdated model, beside other users of its claim."""
    users = (rolled_out(SERVICE), *users)
    return plan(SERVICE, *jobs, outdated=(OUTDATED,), claim_users=[*users], is_rolled_out=is_rolled_out)


def test_an_outdated_model_is_removed_after_the_rollout() -> None:
    other = rolled_out(serving(SERVICE, claim_name="shared", revision="e" * 40))
    assert collected(other, is_rolled_out=False).create is None
    found = collected(other)
    assert arguments(found.create) == [
        *("models", "remove", "--cache", "/model", "--pipeline", PIPELINE, "--keep", COMMIT, "e" * 40)
    ]
    assert found.finding is None
    assert found.create is not None
    done = collected(other, jobs=(finished_job(found.create, {"removed": ["a" * 40]}),))
    assert (done.outdated, done.create) == ((), None)


def on_shared_claim(path: str) -> Spec:
    """Return a service whose source is a directory on the claim that others download into."""
    return {"model": {"source": {"persistentVolumeClaim": {"claimName": "shared", "path": path}}}}


def test_a_model_that_another_service_uses_as_a_directory_is_kept() -> None:
    directories = [service(on_shared_claim(f"{PIPELINE_FOLDER}/{'d' * 40}")), service(on_shared_claim("mine/it"))]
    elsewhere = serving(SERVICE, claim_name="another", revision="f" * 40)
    found = collected(*map(rolled_out, (*directories, elsewhere)))
    assert arguments(found.create)[-3:] == ["--keep", COMMIT, "d" * 40]


def test_nothing_is_removed_before_another_service_has_verified_its_directory_on_the_claim() -> None:
    assert collected(claim_user(resource(on_shared_claim("mine")), has_rolled_out=True)).create is None


def test_nothing_is_removed_while_another_service_downloads_a_model() -> None:
    assert collected(claim_user(resource(SHARED), has_rolled_out=True)).create is None


def test_nothing_is_removed_while_pods_of_an_earlier_spec_of_another_service_may_use_the_model() -> None:
    moved = resource(DEMO) | {"status": {"outdatedModels": [{"claimName": "shared", "pipeline": PIPELINE}]}}
    for other in (pinned_resource(SHARED), moved):
        for has_rolled_out in (False, True):
            found = collected(claim_user(other, has_rolled_out=has_rolled_out))
            assert (found.create is not None) is has_rolled_out


def test_the_model_of_a_service_with_an_invalid_spec_is_kept() -> None:
    invalid = pinned_resource(SHARED, path=f"{PIPELINE_FOLDER}/{'d' * 40}") | {"spec": {}}
    found = collected(claim_user(invalid, has_rolled_out=True))
    assert arguments(found.create)[-3:] == ["--keep", COMMIT, "d" * 40]


def test_a_directory_that_is_served_under_another_name_is_not_outdated() -> None:
    assert SERVICE.served is not None
    parsed = replace(new(on_shared_claim(SERVICE.served.path or "")), served=SERVICE.served)
    same = {"digest": MODEL_DIGEST, "path": f"/model/{SERVICE.served.path}"}
    found = plan(parsed, finished_job(first_job(parsed), same))
    assert found.service.has_desired_model
    assert found.outdated == ()


def test_a_removal_that_fails_is_reported_and_retried() -> None:
    removal = collected().create
    assert removal is not None
    found = collected(jobs=(failed_job(removal, "CacheUnusable", age_s=2, message="Read-only."),))
    assert found.finding is None
    assert found.garbage_collection == Finding("CacheUnusable", "Read-only.")
    assert found.requeue_after_s == 3


def test_a_removal_that_cannot_start_is_reported() -> None:
    removal = collected().create
    assert removal is not None
    found = collected(jobs=(replace(running_job(removal), pod=pod("x", conditions=[UNSCHEDULABLE])),))
    assert found.finding is None
    assert found.garbage_collection is not None
    assert found.garbage_collection.reason == "Unschedulable"
