"""Which Job brings a model, when the next one is made, and what is said meanwhile: told by what the cluster shows."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sd_harness.services.live_objects import COMMIT, INSTALLATION, MODEL_DIGEST, pod, resource, with_model
from sd_harness.services.live_objects import service as supplied
from sd_harness.services.service_specs import DEMO, PINNED, Spec, with_hugging_face
from sd_operator.api.service import DiarizationService
from sd_operator.api.status import OutdatedModel, ServedModel
from sd_operator.children import desired, model_job
from sd_operator.reconcile.finding import Finding
from sd_operator.reconcile.model.job import JOB_NAME_LABEL, ModelJob
from sd_operator.reconcile.model.model_garbage_collection import ClaimUser, claim_user
from sd_operator.reconcile.model.provisioning import ModelObservation, ModelPlan, plan_model
from sd_operator.resources import Manifest

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
PIPELINE = "pyannote/speaker-diarization-community-1"
PLACE = f"{PIPELINE.replace('/', '--')}/{COMMIT}"
CLAIM: Spec = {"model": {"source": {"persistentVolumeClaim": {"claimName": "models", "path": "a"}}}}
IMAGE: Spec = {"model": {"source": {"image": {"reference": "registry.example/model:1"}}}}
BROUGHT = {"digest": MODEL_DIGEST, "path": f"/model/{PLACE}", "pipeline": PIPELINE, "revision": COMMIT}
TERMS = {"reason": "TermsNotAccepted", "message": "Accept them.", "pages": ["https://hub.example/a"]}


def new(spec: Spec) -> DiarizationService:
    """A service that has just been applied."""
    return DiarizationService.parse(resource(spec))


def at(seconds: float) -> str:
    """A time before or after now, as the cluster writes it."""
    return (NOW + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def job(manifest: Manifest, *, made: float = -10, **status: Any) -> ModelJob:
    """A Job that the API server has."""
    added = {"uid": manifest["metadata"]["name"], "creationTimestamp": at(made), "resourceVersion": "1"}
    return ModelJob(manifest | {"metadata": manifest["metadata"] | added, "status": status})


def ended(manifest: Manifest, said: Any, *, code: int = 0, ago: float = 1, made: float = -10) -> ModelJob:
    """The same with a pod that has ended."""
    message = said if isinstance(said, str) else json.dumps(said)
    terminated = {"exitCode": code, "finishedAt": at(-ago), "message": message}
    name = manifest["metadata"]["name"]
    its_pod = pod(f"{name}-x", containerStatuses=[{"name": "model-store", "state": {"terminated": terminated}}])
    its_pod["metadata"]["labels"][JOB_NAME_LABEL] = name
    return replace(job(manifest, made=made), pod=its_pod)


def step(service: DiarizationService, *jobs: ModelJob, **known: Any) -> ModelPlan:
    """What is decided now."""
    return plan_model(service, INSTALLATION, ModelObservation([*jobs], **known), NOW)


def first_job(service: DiarizationService) -> Manifest:
    """The Job that is made for a new service."""
    made = step(service).create
    assert made is not None
    return made


def attempt(service: DiarizationService, number: int) -> Manifest:
    """A later one."""
    return model_job.build(service, INSTALLATION, model_job.provisioning_task(service), number)


def words(manifest: Manifest | None) -> list[str]:
    """What the downloader is told."""
    assert manifest is not None
    [container] = manifest["spec"]["template"]["spec"]["containers"]
    return container["args"]


def corrupt_pod(ago: float = 5) -> Manifest:
    """A pod whose engine found its model damaged."""
    terminated = {"exitCode": 4, "finishedAt": at(-ago), "message": "The model is not the one that was pinned."}
    status = {"name": "engine", "state": {"terminated": terminated}, "ready": False}
    return pod(initContainerStatuses=[status])


def serving(service: DiarizationService, *, claim_name: str, revision: str) -> DiarizationService:
    """The service while it serves another revision, or from another claim."""
    assert service.served is not None
    path = f"{PIPELINE.replace('/', '--')}/{revision}"
    other = {"claim_name": claim_name, "revision": revision, "path": path}
    return replace(service, served=service.served.model_copy(update=other))


def settled(service: DiarizationService) -> ClaimUser:
    """A service whose pods all serve what it does."""
    assert service.served is not None
    return ClaimUser(service.served, frozenset([service.served.claim_name or ""]), is_rolled_out=True)


def reason(found: ModelPlan) -> str:
    """Why the model is not there."""
    assert found.finding is not None
    return found.finding.reason


def test_the_demo_model_needs_no_job_and_ends_those_of_an_earlier_spec() -> None:
    under_way = job(first_job(new(with_hugging_face())))
    found = step(new(DEMO), under_way)
    assert (found.create, found.finding, found.delete) == (None, None, [under_way.live])


def test_a_new_service_gets_a_job_and_no_pods() -> None:
    found = step(new(with_hugging_face()))
    assert reason(found) == "Downloading"
    assert words(found.create)[:6] == ["models", "download", "--pipeline", PIPELINE, "--revision", COMMIT]
    kinds = {each["kind"] for each in desired(found.service, INSTALLATION)}
    assert "PersistentVolumeClaim" in kinds
    assert kinds.isdisjoint({"Deployment", "ConfigMap"})


def test_nothing_is_done_while_the_job_runs() -> None:
    service = new(with_hugging_face())
    found = step(service, job(first_job(service)))
    assert (reason(found), found.create, found.delete) == ("Downloading", None, [])


def test_what_a_job_has_brought_is_pinned_and_served() -> None:
    service = new(with_hugging_face())
    found = step(service, ended(first_job(service), BROUGHT))
    assert found.service.served == ServedModel(
        source=f"{PIPELINE}@{COMMIT[:12]}", mode="exact", pipeline=PIPELINE, revision=COMMIT,
        digest=MODEL_DIGEST, claim_name="demo-models", path=PLACE,
    )  # fmt: skip
    assert found.service.has_desired_model
    assert "Deployment" in {each["kind"] for each in desired(found.service, INSTALLATION)}
    assert step(found.service, ended(first_job(service), BROUGHT)).create is None


def test_a_tag_is_served_at_the_commit_that_it_was_resolved_to() -> None:
    service = new(with_hugging_face(revision="v1"))
    found = step(service, ended(first_job(service), BROUGHT))
    assert found.service.served is not None
    assert found.service.served.revision == COMMIT
    assert found.service.has_desired_model


@pytest.mark.parametrize(
    ("failure", "pauses_s"),
    [
        ("TermsNotAccepted", [60, 60, 60]),
        ("TokenMissing", [60, 60, 60]),
        ("HubUnreachable", [5, 10, 20, 40, 60, 60]),
        ("InsufficientSpace", [5, 10, 20]),
        ("Corrupt", [5, 10, 20]),
    ],
)
def test_the_next_attempt_follows_after_a_pause(failure: str, pauses_s: list[float]) -> None:
    service = new(with_hugging_face())
    for number, pause_s in enumerate(pauses_s, start=1):
        said = {"reason": failure, "message": "No."}
        waits = step(service, ended(attempt(service, number), said, code=1, ago=pause_s - 1))
        assert (reason(waits), waits.create, waits.requeue_after_s) == (failure, None, 1)
        tried = step(service, last := ended(attempt(service, number), said, code=1, ago=pause_s))
        assert tried.create == attempt(service, number + 1)
        assert last.live not in tried.delete


def test_another_secret_has_the_next_attempt_made_at_once() -> None:
    failed = ended(first_job(new(with_hugging_face(tokenSecretRef={"name": "hub", "key": "t"}))), TERMS, code=1)
    assert step(new(with_hugging_face(tokenSecretRef={"name": "hub", "key": "t"})), failed).create is None
    assert step(new(with_hugging_face(tokenSecretRef={"name": "other", "key": "t"})), failed).create is not None


def test_only_another_spec_helps_against_a_pipeline_that_is_not_supported() -> None:
    service = new(with_hugging_face())
    said = {"reason": "UnsupportedPipeline", "message": "No."}
    found = step(service, ended(first_job(service), said, code=1, ago=9999))
    assert (reason(found), found.create, found.requeue_after_s) == ("UnsupportedPipeline", None, None)
    changed = step(new(with_hugging_face(revision="v2")), ended(first_job(service), said, code=1))
    assert words(changed.create)[4:6] == ["--revision", "v2"]


def test_a_directory_that_is_not_supported_is_looked_at_again() -> None:
    service = new(CLAIM)
    said = {"reason": "UnsupportedPipeline", "message": "No."}
    assert step(service, ended(first_job(service), said, code=1, ago=60)).create is not None


def test_pages_that_the_sentence_does_not_name_are_named_behind_it() -> None:
    service = new(with_hugging_face())
    found = step(service, ended(first_job(service), TERMS, code=1))
    assert found.finding == Finding("TermsNotAccepted", "Accept them. https://hub.example/a")


def test_a_token_s_reason_says_where_it_is_read_from() -> None:
    said = {"reason": "TokenInvalid", "message": "It is not known."}
    service = new(with_hugging_face(tokenSecretRef={"name": "hub", "key": "t"}))
    found = step(service, ended(first_job(service), said, code=1))
    assert found.finding == Finding("TokenInvalid", "It is not known. The token is read from key t of Secret hub.")
    absent = said | {"reason": "TokenMissing", "message": "Its file is not there."}
    found = step(service, ended(first_job(service), absent, code=1))
    missing = "Secret hub does not exist or has no token under key t. Its file is not there."
    assert found.finding == Finding("TokenMissing", missing)
    service = new(with_hugging_face())
    found = step(service, ended(first_job(service), absent, code=1))
    assert found.finding is not None
    assert found.finding.message.endswith("Name the Secret in spec.model.source.huggingFace.tokenSecretRef.")


def test_a_further_attempt_keeps_the_reason_until_it_takes_longer() -> None:
    service = new(with_hugging_face())
    failed = ended(attempt(service, 1), TERMS, code=1, ago=61, made=-90)
    assert reason(step(service, failed, job(attempt(service, 2), made=-20))) == "TermsNotAccepted"
    assert reason(step(service, failed, job(attempt(service, 2), made=-40))) == "Downloading"


def test_another_spec_ends_the_job_of_the_earlier_one() -> None:
    under_way = job(first_job(new(with_hugging_face())))
    found = step(new(with_hugging_face(revision="v2")), under_way)
    assert found.delete == [under_way.live]
    assert found.create is not None


def test_a_pinned_service_serves_on_while_another_revision_is_on_its_way() -> None:
    service = replace(new(with_hugging_face(revision="v2")), served=supplied(with_hugging_face()).served)
    found = step(service)
    assert (reason(found), found.service.served) == ("Downloading", service.served)
    assert "Deployment" in {each["kind"] for each in desired(found.service, INSTALLATION)}
    other = BROUGHT | {"revision": "f" * 40, "path": f"/model/{PIPELINE.replace('/', '--')}/{'f' * 40}"}
    arrived = step(service, ended(first_job(service), other))
    assert arrived.service.has_desired_model
    assert arrived.outdated == (OutdatedModel(claim_name="demo-models", pipeline=PIPELINE),)


def test_another_commit_that_begins_alike_is_another_model() -> None:
    other = COMMIT[:12] + "0" * 28
    assert not replace(
        new(with_hugging_face(revision=other)), served=supplied(with_hugging_face()).served
    ).has_desired_model


@pytest.mark.parametrize("spec", [CLAIM, IMAGE])
def test_a_model_of_one_s_own_is_pinned_at_its_first_use(spec: Spec) -> None:
    service = new(spec)
    path = "a" if spec is CLAIM else ""
    made = first_job(service)
    assert words(made) == ["models", "verify", "--directory", f"/model/{path}".rstrip("/")]
    [mount] = [each for each in _mounts(made) if each["name"] == "model"]
    assert mount["readOnly"] is True
    found = step(service, ended(made, {"digest": MODEL_DIGEST, "path": f"/model/{path}"}))
    assert found.service.served is not None
    assert (found.service.served.digest, found.service.served.path) == (MODEL_DIGEST, path or None)


def _mounts(manifest: Manifest) -> list[Manifest]:
    [container] = manifest["spec"]["template"]["spec"]["containers"]
    return container["volumeMounts"]


def test_another_digest_in_the_spec_has_the_directory_looked_at_again() -> None:
    pinned = with_model(new(CLAIM)).served
    spec = {"model": {"source": {"persistentVolumeClaim": {"claimName": "models", "path": "a", "digest": PINNED}}}}
    found = step(replace(new(spec), served=pinned))
    assert words(found.create)[-2:] == ["--digest", PINNED]


def test_a_damaged_model_is_brought_anew_as_it_was_pinned() -> None:
    service = supplied(with_hugging_face(revision="v1"))
    found = step(service, pods=[corrupt_pod()])
    assert reason(found) == "Corrupt"
    told = words(found.create)
    assert told[told.index("--revision") + 1] == COMMIT
    assert told[told.index("--digest") + 1] == MODEL_DIGEST


def test_a_repair_is_made_once_for_each_time_that_damage_is_found() -> None:
    service = supplied(with_hugging_face())
    repair = step(service, pods=[corrupt_pod(ago=30)]).create
    assert repair is not None
    mended = ended(repair, BROUGHT, ago=10)
    waits = step(service, mended, pods=[corrupt_pod(ago=30)])
    assert (reason(waits), waits.create) == ("Corrupt", None)
    again = step(service, mended, pods=[corrupt_pod(ago=5)])
    assert again.create is not None
    assert again.create["metadata"]["annotations"][model_job.ATTEMPT_ANNOTATION] == "2"


def test_nobody_can_bring_a_directory_of_one_s_own_anew() -> None:
    found = step(supplied(CLAIM), pods=[corrupt_pod()])
    assert (reason(found), found.create) == ("Corrupt", None)


def test_one_job_at_a_time_works_on_a_claim() -> None:
    found = step(new(with_hugging_face()), busy_claims={"demo-models": "other-model-1"})
    assert (reason(found), found.create) == ("WaitingForClaim", None)
    assert found.requeue_after_s is not None


OUTDATED = OutdatedModel(claim_name="shared", pipeline=PIPELINE)
SHARED: Spec = with_hugging_face() | {"cache": {"claimName": "shared"}}


def test_what_nobody_serves_any_more_is_removed_after_the_rollout() -> None:
    service = supplied(SHARED)
    others = [settled(service), settled(serving(service, claim_name="shared", revision="e" * 40))]
    known = {"outdated": (OUTDATED,), "claim_users": others}
    assert step(service, **known).create is None
    found = step(service, **known, is_rolled_out=True)
    assert words(found.create) == [
        *("models", "remove", "--cache", "/model", "--pipeline", PIPELINE, "--keep", COMMIT, "e" * 40)
    ]
    assert found.finding is None
    assert found.create is not None
    done = step(service, ended(found.create, {"removed": ["a" * 40]}), **known, is_rolled_out=True)
    assert (done.outdated, done.create) == ((), None)


def on_the_shared_claim(path: str) -> Spec:
    """A service whose source is a directory on the claim that others download into."""
    return {"model": {"source": {"persistentVolumeClaim": {"claimName": "shared", "path": path}}}}


def test_what_a_neighbour_serves_as_a_directory_of_its_own_is_kept() -> None:
    service, folder = supplied(SHARED), PIPELINE.replace("/", "--")
    adopted = [supplied(on_the_shared_claim(f"{folder}/{'d' * 40}")), supplied(on_the_shared_claim("mine/it"))]
    elsewhere = serving(service, claim_name="another", revision="f" * 40)
    others = [settled(each) for each in (service, *adopted, elsewhere)]
    found = step(service, outdated=(OUTDATED,), claim_users=others, is_rolled_out=True)
    assert words(found.create)[-3:] == ["--keep", COMMIT, "d" * 40]


def test_nothing_is_removed_while_a_neighbour_is_yet_to_look_at_its_directory_on_the_claim() -> None:
    service = supplied(SHARED)
    unread = resource(on_the_shared_claim("mine"))
    others = [settled(service), claim_user(unread, has_rolled_out=True)]
    assert step(service, outdated=(OUTDATED,), claim_users=others, is_rolled_out=True).create is None


def test_a_directory_that_is_served_under_another_name_is_not_outdated() -> None:
    before = supplied(SHARED)
    assert before.served is not None
    service = replace(new(on_the_shared_claim(before.served.path or "")), served=before.served)
    same = {"digest": MODEL_DIGEST, "path": f"/model/{before.served.path}"}
    found = step(service, ended(first_job(service), same))
    assert found.service.has_desired_model
    assert found.outdated == ()


def test_nothing_is_removed_while_a_neighbour_is_on_its_way_to_a_model() -> None:
    service = supplied(SHARED)
    others = [settled(service), claim_user(resource(SHARED), has_rolled_out=True)]
    assert step(service, outdated=(OUTDATED,), claim_users=others, is_rolled_out=True).create is None


def pinned_resource(spec: Spec, **changed: str) -> Manifest:
    """A resource whose status says what it serves."""
    served = supplied(spec).served
    assert served is not None
    return resource(spec) | {"status": {"model": served.model_dump(by_alias=True, exclude_none=True) | changed}}


def test_nothing_is_removed_while_pods_of_a_neighbour_s_earlier_spec_may_serve_it() -> None:
    service = supplied(SHARED)
    moved = resource(DEMO) | {"status": {"outdatedModels": [{"claimName": "shared", "pipeline": PIPELINE}]}}
    for other in (pinned_resource(SHARED), moved):
        for rolled_out in (False, True):
            others = [settled(service), claim_user(other, has_rolled_out=rolled_out)]
            found = step(service, outdated=(OUTDATED,), claim_users=others, is_rolled_out=True)
            assert (found.create is not None) is rolled_out


def test_what_a_service_serves_whose_spec_cannot_be_read_is_kept() -> None:
    service = supplied(SHARED)
    path = f"{PIPELINE.replace('/', '--')}/{'d' * 40}"
    broken = pinned_resource(SHARED, path=path) | {"spec": {}}
    others = [settled(service), claim_user(broken, has_rolled_out=True)]
    found = step(service, outdated=(OUTDATED,), claim_users=others, is_rolled_out=True)
    assert words(found.create)[-3:] == ["--keep", COMMIT, "d" * 40]


def test_a_removal_that_fails_is_told_and_tried_again() -> None:
    service = supplied(SHARED)
    known = {"outdated": (OUTDATED,), "claim_users": [settled(service)]}
    removal = step(service, **known, is_rolled_out=True).create
    assert removal is not None
    failed = ended(removal, {"reason": "CacheUnusable", "message": "Read-only."}, code=1, ago=2)
    found = step(service, failed, **known, is_rolled_out=True)
    assert (found.finding, found.garbage_collection, found.requeue_after_s) == (
        None,
        Finding("CacheUnusable", "Read-only."),
        3,
    )


def test_a_removal_that_cannot_begin_says_why() -> None:
    service = supplied(SHARED)
    known = {"outdated": (OUTDATED,), "claim_users": [settled(service)], "is_rolled_out": True}
    removal = step(service, **known).create
    assert removal is not None
    unscheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no node"}
    found = step(service, replace(job(removal), pod=pod("x", conditions=[unscheduled])), **known)
    assert found.finding is None
    assert found.garbage_collection is not None
    assert found.garbage_collection.reason == "Unschedulable"


@pytest.mark.parametrize(
    ("said", "code", "words"),
    [
        ("Killed", 137, "failed with exit code 137. Its termination message: Killed"),
        ('{"digest": "sha256:1", "path": "/model/a"}', 0, "finished without a result"),
        (json.dumps(BROUGHT | {"path": "/model/../etc"}), 0, "finished without a result"),
        (json.dumps(BROUGHT | {"path": "/etc"}), 0, "finished without a result"),
        ("[1]", 0, "finished without a result"),
    ],
)
def test_a_job_without_a_result_is_a_failure(said: str, code: int, words: str) -> None:
    service = new(with_hugging_face())
    found = step(service, ended(first_job(service), said, code=code))
    assert reason(found) == "DownloadFailed"
    assert found.finding is not None
    assert words in found.finding.message


def test_a_job_that_ended_without_a_pod_is_a_failure() -> None:
    service = new(with_hugging_face())
    verdict = {"type": "Failed", "status": "True", "lastTransitionTime": at(-1), "message": "It was too slow."}
    found = step(service, job(first_job(service), conditions=[verdict]))
    assert reason(found) == "DownloadFailed"
    assert found.finding is not None
    assert found.finding.message.endswith("finished without a result: It was too slow.")


def test_a_pod_that_cannot_begin_says_why() -> None:
    service = new(with_hugging_face())
    unscheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no node"}
    waiting = replace(job(first_job(service)), pod=pod("x", conditions=[unscheduled]))
    assert reason(step(service, waiting)) == "Unschedulable"


def test_the_token_is_a_file_of_an_optional_secret_and_nothing_else() -> None:
    made = first_job(new(with_hugging_face(tokenSecretRef={"name": "hub", "key": "t"})))
    [volume] = [each for each in made["spec"]["template"]["spec"]["volumes"] if "secret" in each]
    assert volume["secret"] == {
        "secretName": "hub", "items": [{"key": "t", "path": "token"}], "optional": True, "defaultMode": 0o440,
    }  # fmt: skip
    [container] = made["spec"]["template"]["spec"]["containers"]
    assert "env" not in container
    assert "envFrom" not in container
    children = desired(supplied(with_hugging_face(tokenSecretRef={"name": "hub", "key": "t"})), INSTALLATION)
    assert not [each["kind"] for each in children if "secret" in json.dumps(each).lower()]


NEAR = {
    "requiredDuringSchedulingIgnoredDuringExecution": {
        "nodeSelectorTerms": [{"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]}]
    }
}


def test_the_job_runs_where_the_pods_may_run_and_asks_for_no_device() -> None:
    compute = {
        "nodeSelector": {"pool": "gpu"},
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
        "affinity": {"nodeAffinity": NEAR},
        "priorityClassName": "low",
    }
    service = new(with_hugging_face() | {"compute": compute, "imagePullSecrets": [{"name": "registry"}]})
    spec = first_job(service)["spec"]["template"]["spec"]
    assert spec["nodeSelector"] == {"pool": "gpu"}
    assert (spec["affinity"], spec["priorityClassName"]) == ({"nodeAffinity": NEAR}, "low")
    assert spec["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists"}]
    assert spec["imagePullSecrets"] == [{"name": "registry"}]
    assert "nvidia.com/gpu" not in json.dumps(spec["containers"])
    assert first_job(service)["spec"]["backoffLimit"] == 0


def test_the_names_of_a_long_service_s_jobs_fit_into_a_label() -> None:
    service = DiarizationService.parse(resource(with_hugging_face(), "a" * 40))
    assert len(attempt(service, 9999)["metadata"]["name"]) <= 63
