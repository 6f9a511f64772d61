"""Model supply on a real cluster: from a Secret, a claim or an image to a timeline; healed, repaired, and no leak."""

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
from model_scenario import MARK, MEMBER, NAME, NEWCOMER, ROTATED, Story
from sd_harness.cluster import cluster, hub_pod, model_services, secret_leak_scan
from sd_harness.cluster.hub_pod import HubPod
from sd_kit.cluster.lifecycle import NODE
from sd_kit.images import docker
from sd_kit.images.build import references
from sd_kit.offline import storage_class

pytestmark = pytest.mark.timeout(600)  # the first test that needs the scenario waits for all of it
TOLD_WITHIN_S, HEALED_WITHIN_S = 10, 120
WEIGHTS = "segmentation/pytorch_model.bin"
CACHED = f"/claim/{hub_pod.FOLDER}/{hub_pod.COMMIT}/{WEIGHTS}"
FLIP = f"""
content = bytearray(open({CACHED!r}, "rb").read())
content[1000] ^= 1
open({CACHED!r}, "wb").write(content)
"""


@pytest.fixture(scope="module")
def hub(namespace: str, client_pod: str) -> Iterator[HubPod]:
    assert client_pod
    storage_class.ensure()
    with hub_pod.hub_pod(namespace) as running:
        yield running


@pytest.fixture(scope="module")
def begun(hub: HubPod) -> Iterator[Future[Story]]:
    """The story takes minutes, most of them waiting: it goes on beside the first tests."""
    with ThreadPoolExecutor(1) as threads, model_services.gone_afterwards(NAME, hub.namespace):
        yield threads.submit(model_scenario.lived_through, hub)


@pytest.fixture(scope="module")
def story(begun: Future[Story]) -> Story:
    return begun.result(timeout=400)


@pytest.fixture(scope="module")
def on_a_claim(namespace: str, begun: Future[Story]) -> Iterator[str]:
    """A service with a model of the user's own, on a claim."""
    assert begun
    claim = {"claimName": prepared_models.on_a_claim(namespace), "path": prepared_models.FOLDER}
    with model_services.gone_afterwards("on-a-claim", namespace):
        cluster.apply(model_services.manifest("on-a-claim", namespace, {"persistentVolumeClaim": claim}))
        model_services.until_ready("on-a-claim", namespace)
        yield "on-a-claim"


def test_a_model_on_a_claim_gives_the_demos_timeline(
    on_a_claim: str, namespace: str, clip: bytes, stock: dict[str, list[Any]]
) -> None:
    assert model_services.found_segments(on_a_claim, namespace, clip) == stock[""]
    model = cluster.read("diar", on_a_claim, "-n", namespace)["status"]["model"]
    assert model["source"] == f"persistentVolumeClaim/{prepared_models.CLAIM}/{prepared_models.FOLDER}"
    assert model["digest"].startswith("sha256:")


def test_a_checkpoint_that_runs_code_is_refused_before_it_is_loaded(on_a_claim: str, namespace: str) -> None:
    path = f"/claim/{prepared_models.FOLDER}/embedding/pytorch_model.bin"
    with model_services.hand(prepared_models.CLAIM, namespace) as hand:
        model_services.by_hand(hand, namespace, pickle_trap.program(path))
        assert model_services.by_hand(hand, namespace, pickle_trap.sprung(path)) == "True"
    model_services.replace_pods(on_a_claim, namespace)
    corrupt = model_services.until_reason(on_a_claim, namespace, "ModelCached", "Corrupt", timeout_s=150)
    assert "embedding/pytorch_model.bin" in corrupt["message"] or "digest" in corrupt["message"]
    assert model_services.condition(on_a_claim, namespace, "Ready")["reason"] == "Corrupt"
    for pod in model_services.pods(on_a_claim, namespace):
        assert _left_on_the_node(pod) == ""
        logs = cluster.kubectl("logs", pod["metadata"]["name"], "-n", namespace, "-c", "engine")
        assert pickle_trap.MARK not in logs
    cluster.kubectl("delete", "diar", on_a_claim, "-n", namespace)  # else it goes on trying


def _left_on_the_node(pod: dict[str, Any]) -> str:
    """The trap's marks in the pod's own volumes."""
    volumes = f"/var/lib/kubelet/pods/{pod['metadata']['uid']}"
    argv = [docker.client(), "exec", NODE, "find", volumes, "-name", pickle_trap.MARK]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


@pytest.mark.usefixtures("begun")
def test_a_model_in_an_image_gives_the_demos_timeline(namespace: str, clip: bytes, stock: dict[str, list[Any]]) -> None:
    image = {"reference": prepared_models.in_an_image()}
    with model_services.gone_afterwards("in-an-image", namespace):
        cluster.apply(model_services.manifest("in-an-image", namespace, {"image": image}))
        model_services.until_ready("in-an-image", namespace)
        assert model_services.found_segments("in-an-image", namespace, clip) == stock[""]


def test_a_missing_secret_is_told_and_heals_when_it_appears(story: Story) -> None:
    assert story.missing["status"] == "False"
    assert "Secret hub-token" in story.missing["message"]
    assert story.missing_told_after_s <= TOLD_WITHIN_S
    assert story.missing_healed_after_s <= HEALED_WITHIN_S


def test_terms_that_are_not_accepted_are_told_with_their_page_and_heal_when_they_are(story: Story) -> None:
    for told in (story.terms, story.terms_ready, story.terms_events[-1]):
        assert hub_pod.PAGE in told["message"]
    assert story.terms_ready["reason"] == "TermsNotAccepted"
    assert hub_pod.PAGE in story.terms_described
    assert story.accepted_healed_after_s <= HEALED_WITHIN_S


def test_a_gated_repository_gives_the_demos_timeline(
    story: Story, namespace: str, hub: HubPod, clip: bytes, stock: dict[str, list[Any]]
) -> None:
    assert story.ready_after_s > 0
    assert model_services.found_segments(NAME, namespace, clip) == stock[""]
    model = cluster.read("diar", NAME, "-n", namespace)["status"]["model"]
    assert (model["pipeline"], model["revision"]) == (hub_pod.PIPELINE, hub_pod.COMMIT)
    assert {asked["token"] for asked in hub.asked() if asked["cdn"]} == {"none"}
    [pod] = model_services.pod_names(NAME, namespace)
    assert "HF_HUB_OFFLINE=1" in secret_leak_scan.processes(pod, "engine", namespace).splitlines()


@pytest.mark.usefixtures("story")
def test_a_second_service_and_a_second_pod_download_nothing(
    namespace: str, hub: HubPod, clip: bytes, stock: dict[str, list[Any]]
) -> None:
    before = len(hub.asked()), hub.sent_bytes()
    cache = {"claimName": f"{NAME}-models"}
    with model_services.gone_afterwards("sharing", namespace):
        cluster.apply(
            model_services.manifest("sharing", namespace, model_services.from_hub(hub), cache=cache, replicas=2)
        )
        model_services.until_ready("sharing", namespace)
        assert model_services.found_segments("sharing", namespace, clip) == stock[""]
        assert (len(hub.asked()), hub.sent_bytes()) == before


@pytest.mark.usefixtures("story")
def test_a_new_token_touches_no_pod_and_a_revoked_one_stops_nothing(
    namespace: str, hub: HubPod, clip: bytes, stock: dict[str, list[Any]]
) -> None:
    before, jobs = model_services.pod_names(NAME, namespace), model_services.jobs(NAME, namespace)
    model_services.put_token(namespace, ROTATED)
    hub.accounts()
    time.sleep(5)
    assert model_services.pod_names(NAME, namespace) == before
    asked = len(hub.asked())
    model_services.replace_pods(NAME, namespace)
    model_services.until_ready(NAME, namespace)
    assert model_services.found_segments(NAME, namespace, clip) == stock[""]
    assert len(hub.asked()) == asked
    assert {job["metadata"]["uid"] for job in model_services.jobs(NAME, namespace)} <= {
        job["metadata"]["uid"] for job in jobs
    }


@pytest.mark.usefixtures("story")
def test_a_flipped_bit_is_refused_told_and_repaired(
    namespace: str, hub: HubPod, clip: bytes, stock: dict[str, list[Any]]
) -> None:
    hub.accounts(**{token: {} for token in (MEMBER, NEWCOMER, ROTATED)})
    before_bytes = hub.sent_bytes()
    with model_services.hand(f"{NAME}-models", namespace) as hand:
        model_services.by_hand(hand, namespace, FLIP)
    model_services.replace_pods(NAME, namespace)
    cluster.wait_until(lambda: _is_told(namespace, "Corrupt"), timeout_s=150)
    cluster.wait_until(lambda: hub.sent_bytes() > before_bytes, timeout_s=150)
    model_services.until_ready(NAME, namespace, timeout_s=300)
    assert model_services.found_segments(NAME, namespace, clip) == stock[""]
    weights_bytes = (prepared_models.DEMO_MODEL / WEIGHTS).stat().st_size
    assert weights_bytes <= hub.sent_bytes() - before_bytes <= weights_bytes + 10_000


@pytest.mark.usefixtures("story")
def test_a_new_revision_comes_beside_the_old_one_which_goes_after_the_rollout(
    namespace: str, hub: HubPod, clip: bytes, stock: dict[str, list[Any]]
) -> None:
    hub.accounts(**{ROTATED: {}})
    hub.moves_on()
    hub.fails("waits")
    old = model_services.pod_names(NAME, namespace)
    with model_services.hand(f"{NAME}-models", namespace) as hand:
        source = model_services.from_hub(hub, revision=hub_pod.LATER_COMMIT)
        cluster.apply(model_services.manifest(NAME, namespace, source))
        model_services.until_reason(NAME, namespace, "ModelCached", "Downloading", timeout_s=60)
        assert model_services.found_segments(NAME, namespace, clip) == stock[""]
        assert (model_services.pod_names(NAME, namespace), _revisions(hand, namespace)) == (old, [hub_pod.COMMIT])
        hub.fails("")
        model_services.until_ready(NAME, namespace)
        assert model_services.found_segments(NAME, namespace, clip) == stock[""]
        assert cluster.read("diar", NAME, "-n", namespace)["status"]["model"]["revision"] == hub_pod.LATER_COMMIT
        assert not set(old) & set(model_services.pod_names(NAME, namespace))
        cluster.wait_until(lambda: _revisions(hand, namespace) == [hub_pod.LATER_COMMIT], timeout_s=120)
    cluster.wait_until(
        lambda: "outdatedModels" not in cluster.read("diar", NAME, "-n", namespace)["status"], timeout_s=60
    )


def _revisions(hand: str, namespace: str) -> list[str]:
    """The revisions on the claim under their final names."""
    names = model_services.by_hand(hand, namespace, f"import os; print(*os.listdir('/claim/{hub_pod.FOLDER}'))").split()
    return sorted(name for name in names if len(name) == len(hub_pod.COMMIT))


@pytest.mark.usefixtures("story")
def test_a_model_travels_as_a_file_to_where_no_hub_answers(
    namespace: str, hub: HubPod, clip: bytes, stock: dict[str, list[Any]], tmp_path: Path
) -> None:
    carrier = air_gap.Carrier(namespace, tmp_path)
    digest = carrier.take_out(NAME)
    model = cluster.read("diar", NAME, "-n", namespace)["status"]["model"]
    assert digest == model["digest"]
    carrier.bring_in(digest)
    hub.fails("down")
    asked = len(hub.asked())
    source = model_services.from_hub(hub, revision=model["revision"])
    with model_services.gone_afterwards("carried", namespace):
        cluster.apply(model_services.manifest("carried", namespace, source, cache={"claimName": air_gap.CLAIM}))
        model_services.until_ready("carried", namespace)
        assert model_services.found_segments("carried", namespace, clip) == stock[""]
        assert len(hub.asked()) == asked
        claim = {"claimName": air_gap.CLAIM, "path": f"{hub_pod.FOLDER}/{model['revision']}", "digest": digest}
        cluster.apply(model_services.manifest("carried", namespace, {"persistentVolumeClaim": claim}))
        model_services.until_ready("carried", namespace)
        assert model_services.found_segments("carried", namespace, clip) == stock[""]
    hub.fails("")


def _is_told(namespace: str, reason: str) -> bool:
    """Whether an Event says so: the condition may be over between two looks."""
    return any(event["reason"] == reason for event in model_services.events(NAME, namespace))


def test_the_token_is_nowhere_to_be_seen(story: Story, namespace: str) -> None:
    assert secret_leak_scan.holding(MARK, secret_leak_scan.secrets(namespace)), "the search finds what is there"
    assert secret_leak_scan.holding(MARK, [("processes of the Job", story.at_work)]) == []
    assert "sd_model_store" in story.at_work
    assert secret_leak_scan.hits(MARK, namespace) == []
    for image in references().values():
        assert secret_leak_scan.holding(MARK, secret_leak_scan.image(image)) == []
