"""Models on a real cluster: from a hub, a claim or an image to a timeline, with repair and without a leaked token."""

import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import air_gap
import model_scenario
import pickle_trap
import prepared_models
import pytest
from model_scenario import MEMBER, NAME, NEWCOMER, ROTATED, TOKEN_MARKER, ScenarioResult
from sd_harness.cluster import cluster, hub_pod, model_services, secret_leak_scan
from sd_harness.cluster.hub_pod import HubPod
from sd_kit.cluster.lifecycle import NODE
from sd_kit.images import docker
from sd_kit.images.build import references
from sd_kit.offline import storage_class

pytestmark = pytest.mark.timeout(600)  # the first test that needs the scenario waits for all of it
REPORT_TIMEOUT_S, RESOLVE_TIMEOUT_S = 10, 120
WEIGHTS = "segmentation/pytorch_model.bin"
CACHED_WEIGHTS = f"/claim/{hub_pod.FOLDER}/{hub_pod.COMMIT}/{WEIGHTS}"
FLIP_BIT = f"""
content = bytearray(open({CACHED_WEIGHTS!r}, "rb").read())
content[1000] ^= 1
open({CACHED_WEIGHTS!r}, "wb").write(content)
"""


@pytest.fixture(scope="module")
def hub(namespace: str, client_pod: str) -> Iterator[HubPod]:
    assert client_pod
    storage_class.ensure()
    with hub_pod.hub_pod(namespace) as running:
        yield running


@pytest.fixture(scope="module")
def started_scenario(hub: HubPod) -> Iterator[Future[ScenarioResult]]:
    """The scenario takes minutes, mostly of waiting: it runs beside the first tests."""
    with ThreadPoolExecutor(1) as threads, model_services.deleted_afterwards(NAME, hub.namespace):
        yield threads.submit(model_scenario.run, hub)


@pytest.fixture(scope="module")
def scenario(started_scenario: Future[ScenarioResult]) -> ScenarioResult:
    return started_scenario.result(timeout=400)


@pytest.fixture(scope="module")
def claim_service(namespace: str, started_scenario: Future[ScenarioResult]) -> Iterator[str]:
    """A service with a prepared model on a claim."""
    assert started_scenario
    claim = {"claimName": prepared_models.create_claim(namespace), "path": prepared_models.FOLDER}
    with model_services.deleted_afterwards("on-a-claim", namespace):
        cluster.apply(model_services.manifest("on-a-claim", namespace, {"persistentVolumeClaim": claim}))
        model_services.wait_until_ready("on-a-claim", namespace)
        yield "on-a-claim"


def test_a_model_on_a_claim_gives_the_demos_timeline(
    claim_service: str, namespace: str, clip: bytes, stock: dict[str, list[Any]]
) -> None:
    assert model_services.diarized_segments(claim_service, namespace, clip) == stock[""]
    model = cluster.read("diar", claim_service, "-n", namespace)["status"]["model"]
    assert model["source"] == f"persistentVolumeClaim/{prepared_models.CLAIM}/{prepared_models.FOLDER}"
    assert model["digest"].startswith("sha256:")


def test_a_checkpoint_that_runs_code_is_rejected_before_it_is_loaded(claim_service: str, namespace: str) -> None:
    path = f"/claim/{prepared_models.FOLDER}/embedding/pytorch_model.bin"
    with model_services.writer_pod(prepared_models.CLAIM, namespace) as pod:
        model_services.run_python(pod, namespace, pickle_trap.replace_program(path))
        assert model_services.run_python(pod, namespace, pickle_trap.unpickle_program(path)) == "True"
    model_services.replace_pods(claim_service, namespace)
    corrupt = model_services.wait_for_reason(claim_service, namespace, "ModelCached", "Corrupt", timeout_s=150)
    assert "embedding/pytorch_model.bin" in corrupt["message"] or "digest" in corrupt["message"]
    assert model_services.condition(claim_service, namespace, "Ready")["reason"] == "Corrupt"
    for pod in model_services.serving_pods(claim_service, namespace):
        assert _marker_files(pod) == ""
        logs = cluster.kubectl("logs", pod["metadata"]["name"], "-n", namespace, "-c", "engine")
        assert pickle_trap.MARKER not in logs
    cluster.kubectl("delete", "diar", claim_service, "-n", namespace)  # it would retry forever


def _marker_files(pod: dict[str, Any]) -> str:
    """Return the paths of marker files in the volumes of a pod."""
    volumes = f"/var/lib/kubelet/pods/{pod['metadata']['uid']}"
    argv = [docker.client(), "exec", NODE, "find", volumes, "-name", pickle_trap.MARKER]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


@pytest.mark.usefixtures("started_scenario")
def test_a_model_in_an_image_gives_the_demos_timeline(namespace: str, clip: bytes, stock: dict[str, list[Any]]) -> None:
    image = {"reference": prepared_models.push_image()}
    with model_services.deleted_afterwards("in-an-image", namespace):
        cluster.apply(model_services.manifest("in-an-image", namespace, {"image": image}))
        model_services.wait_until_ready("in-an-image", namespace)
        assert model_services.diarized_segments("in-an-image", namespace, clip) == stock[""]


def test_a_missing_secret_is_reported_until_it_is_created(scenario: ScenarioResult) -> None:
    assert scenario.token_missing["status"] == "False"
    assert "Secret hub-token" in scenario.token_missing["message"]
    assert scenario.token_missing_reported_after_s <= REPORT_TIMEOUT_S
    assert scenario.token_missing_resolved_after_s <= RESOLVE_TIMEOUT_S


def test_terms_that_are_not_accepted_are_reported_with_their_page_until_they_are(scenario: ScenarioResult) -> None:
    for report in (scenario.terms, scenario.ready_without_terms, scenario.terms_events[-1]):
        assert hub_pod.PAGE in report["message"]
    assert scenario.ready_without_terms["reason"] == "TermsNotAccepted"
    assert hub_pod.PAGE in scenario.terms_description
    assert scenario.terms_resolved_after_s <= RESOLVE_TIMEOUT_S


def test_a_gated_repository_gives_the_demos_timeline(
    scenario: ScenarioResult, namespace: str, hub: HubPod, clip: bytes, stock: dict[str, list[Any]]
) -> None:
    assert scenario.ready_after_s > 0
    assert model_services.diarized_segments(NAME, namespace, clip) == stock[""]
    model = cluster.read("diar", NAME, "-n", namespace)["status"]["model"]
    assert (model["pipeline"], model["revision"]) == (hub_pod.PIPELINE, hub_pod.COMMIT)
    assert {request["token"] for request in hub.requests() if request["cdn"]} == {"none"}
    [pod] = model_services.serving_pod_names(NAME, namespace)
    assert "HF_HUB_OFFLINE=1" in secret_leak_scan.processes(pod, "engine", namespace).splitlines()


@pytest.mark.usefixtures("scenario")
def test_a_second_service_and_a_second_pod_download_nothing(
    namespace: str, hub: HubPod, clip: bytes, stock: dict[str, list[Any]]
) -> None:
    before = len(hub.requests()), hub.sent_bytes()
    source, cache = model_services.hub_source(hub), {"claimName": f"{NAME}-models"}
    with model_services.deleted_afterwards("sharing", namespace):
        cluster.apply(model_services.manifest("sharing", namespace, source, cache=cache, replicas=2))
        model_services.wait_until_ready("sharing", namespace)
        assert model_services.diarized_segments("sharing", namespace, clip) == stock[""]
        assert (len(hub.requests()), hub.sent_bytes()) == before


@pytest.mark.usefixtures("scenario")
def test_a_new_token_restarts_no_pod_and_a_revoked_one_stops_none(
    namespace: str, hub: HubPod, clip: bytes, stock: dict[str, list[Any]]
) -> None:
    pods_before = model_services.serving_pod_names(NAME, namespace)
    jobs_before = _job_uids(namespace)
    model_services.apply_token_secret(namespace, ROTATED)
    hub.set_accounts()
    time.sleep(5)
    assert model_services.serving_pod_names(NAME, namespace) == pods_before
    requests_before = len(hub.requests())
    model_services.replace_pods(NAME, namespace)
    model_services.wait_until_ready(NAME, namespace)
    assert model_services.diarized_segments(NAME, namespace, clip) == stock[""]
    assert len(hub.requests()) == requests_before
    assert _job_uids(namespace) <= jobs_before


def _job_uids(namespace: str) -> set[str]:
    return {job["metadata"]["uid"] for job in model_services.model_jobs(NAME, namespace)}


@pytest.mark.usefixtures("scenario")
def test_a_flipped_bit_is_rejected_reported_and_repaired(
    namespace: str, hub: HubPod, clip: bytes, stock: dict[str, list[Any]]
) -> None:
    hub.set_accounts(**{token: {} for token in (MEMBER, NEWCOMER, ROTATED)})
    before_bytes = hub.sent_bytes()
    with model_services.writer_pod(f"{NAME}-models", namespace) as pod:
        model_services.run_python(pod, namespace, FLIP_BIT)
    model_services.replace_pods(NAME, namespace)
    cluster.wait_until(lambda: _has_event(namespace, "Corrupt"), timeout_s=150)
    cluster.wait_until(lambda: hub.sent_bytes() > before_bytes, timeout_s=150)
    model_services.wait_until_ready(NAME, namespace, timeout_s=300)
    assert model_services.diarized_segments(NAME, namespace, clip) == stock[""]
    weights_bytes = (prepared_models.DEMO_MODEL / WEIGHTS).stat().st_size
    assert weights_bytes <= hub.sent_bytes() - before_bytes <= weights_bytes + 10_000


@pytest.mark.usefixtures("scenario")
def test_a_new_revision_is_downloaded_beside_the_old_one_which_is_deleted_after_the_rollout(
    namespace: str, hub: HubPod, clip: bytes, stock: dict[str, list[Any]]
) -> None:
    hub.set_accounts(**{ROTATED: {}})
    hub.publish_later_commit()
    hub.set_fault("delayed")
    old = model_services.serving_pod_names(NAME, namespace)
    with model_services.writer_pod(f"{NAME}-models", namespace) as pod:
        source = model_services.hub_source(hub, revision=hub_pod.LATER_COMMIT)
        cluster.apply(model_services.manifest(NAME, namespace, source))
        model_services.wait_for_reason(NAME, namespace, "ModelCached", "Downloading", timeout_s=60)
        assert model_services.diarized_segments(NAME, namespace, clip) == stock[""]
        assert model_services.serving_pod_names(NAME, namespace) == old
        assert _revisions(pod, namespace) == [hub_pod.COMMIT]
        hub.set_fault("")
        model_services.wait_until_ready(NAME, namespace)
        assert model_services.diarized_segments(NAME, namespace, clip) == stock[""]
        assert cluster.read("diar", NAME, "-n", namespace)["status"]["model"]["revision"] == hub_pod.LATER_COMMIT
        assert not set(old) & set(model_services.serving_pod_names(NAME, namespace))
        cluster.wait_until(lambda: _revisions(pod, namespace) == [hub_pod.LATER_COMMIT], timeout_s=120)
    cluster.wait_until(
        lambda: "outdatedModels" not in cluster.read("diar", NAME, "-n", namespace)["status"], timeout_s=60
    )


def _revisions(pod: str, namespace: str) -> list[str]:
    """Return the revisions on the claim that have their final names."""
    program = f"import os; print(*os.listdir('/claim/{hub_pod.FOLDER}'))"
    names = model_services.run_python(pod, namespace, program).split()
    return sorted(name for name in names if len(name) == len(hub_pod.COMMIT))


@pytest.mark.usefixtures("scenario")
def test_an_exported_model_is_imported_where_no_hub_is_reachable(
    namespace: str, hub: HubPod, clip: bytes, stock: dict[str, list[Any]], tmp_path: Path
) -> None:
    transfer = air_gap.ModelTransfer(namespace, tmp_path)
    digest = transfer.export_model(NAME)
    model = cluster.read("diar", NAME, "-n", namespace)["status"]["model"]
    assert digest == model["digest"]
    transfer.import_model(digest)
    hub.set_fault("down")
    requests_before = len(hub.requests())
    source, cache = model_services.hub_source(hub, revision=model["revision"]), {"claimName": air_gap.CLAIM}
    with model_services.deleted_afterwards("imported", namespace):
        cluster.apply(model_services.manifest("imported", namespace, source, cache=cache))
        model_services.wait_until_ready("imported", namespace)
        assert model_services.diarized_segments("imported", namespace, clip) == stock[""]
        assert len(hub.requests()) == requests_before
        claim = {"claimName": air_gap.CLAIM, "path": f"{hub_pod.FOLDER}/{model['revision']}", "digest": digest}
        cluster.apply(model_services.manifest("imported", namespace, {"persistentVolumeClaim": claim}))
        model_services.wait_until_ready("imported", namespace)
        assert model_services.diarized_segments("imported", namespace, clip) == stock[""]
    hub.set_fault("")


def _has_event(namespace: str, reason: str) -> bool:
    """Return True if an Event has the reason: the condition itself may last for less than a polling interval."""
    return any(event["reason"] == reason for event in model_services.events(NAME, namespace))


def test_the_token_appears_nowhere_but_in_secrets(scenario: ScenarioResult, namespace: str) -> None:
    secrets = secret_leak_scan.secret_objects(namespace)
    assert secret_leak_scan.sources_with(TOKEN_MARKER, secrets), "the scan finds an existing token"
    assert secret_leak_scan.sources_with(TOKEN_MARKER, [("processes of the Job", scenario.job_processes)]) == []
    assert "sd_model_store" in scenario.job_processes
    assert secret_leak_scan.scan(TOKEN_MARKER, namespace) == []
    for image in references().values():
        assert secret_leak_scan.sources_with(TOKEN_MARKER, secret_leak_scan.image_metadata(image)) == []
