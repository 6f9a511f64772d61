"""Model supply on a real cluster: from a Secret, a claim or an image to a timeline; healed, repaired, and no leak."""

import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import air_gap
import canary
import cluster
import hub_pod
import pickle_trap
import prepared_models
import pytest
import supplied
import supply_story
from hub_pod import HubPod
from sd_kit import docker, storage
from sd_kit.cluster import NODE
from sd_kit.images import references
from supply_story import MARK, MEMBER, NAME, NEWCOMER, ROTATED, Story

pytestmark = pytest.mark.timeout(600)  # whichever test comes first waits for the whole story
TOLD_WITHIN_S, HEALED_WITHIN_S = 10, 120
WEIGHTS = "segmentation/pytorch_model.bin"
CACHED = f"/claim/{hub_pod.FOLDER}/{hub_pod.COMMIT}/{WEIGHTS}"
FLIP = f"""
content = bytearray(open({CACHED!r}, "rb").read())
content[1000] ^= 1
open({CACHED!r}, "wb").write(content)
"""


@pytest.fixture(scope="module")
def hub(namespace: str, caller: str) -> Iterator[HubPod]:
    assert caller
    storage.ensure()
    with hub_pod.hub_pod(namespace) as running:
        yield running


@pytest.fixture(scope="module")
def begun(hub: HubPod) -> Iterator[Future[Story]]:
    """The story takes minutes, most of them waiting: it goes on beside the first tests."""
    with ThreadPoolExecutor(1) as threads, supplied.gone_afterwards(NAME, hub.namespace):
        yield threads.submit(supply_story.lived_through, hub)


@pytest.fixture(scope="module")
def story(begun: Future[Story]) -> Story:
    return begun.result(timeout=400)


@pytest.fixture(scope="module")
def on_a_claim(namespace: str, begun: Future[Story]) -> Iterator[str]:
    """A service with a model of the user's own, on a claim."""
    assert begun
    claim = {"claimName": prepared_models.on_a_claim(namespace), "path": prepared_models.FOLDER}
    with supplied.gone_afterwards("on-a-claim", namespace):
        cluster.apply(supplied.manifest("on-a-claim", namespace, {"persistentVolumeClaim": claim}))
        supplied.until_ready("on-a-claim", namespace)
        yield "on-a-claim"


def test_a_model_on_a_claim_gives_the_demos_timeline(
    on_a_claim: str, namespace: str, clip: bytes, stock: dict[str, list[Any]]
) -> None:
    assert supplied.found_segments(on_a_claim, namespace, clip) == stock[""]
    model = cluster.read("diar", on_a_claim, "-n", namespace)["status"]["model"]
    assert model["source"] == f"persistentVolumeClaim/{prepared_models.CLAIM}/{prepared_models.FOLDER}"
    assert model["digest"].startswith("sha256:")


def test_a_checkpoint_that_runs_code_is_refused_before_it_is_loaded(on_a_claim: str, namespace: str) -> None:
    path = f"/claim/{prepared_models.FOLDER}/embedding/pytorch_model.bin"
    with supplied.hand(prepared_models.CLAIM, namespace) as hand:
        supplied.by_hand(hand, namespace, pickle_trap.program(path))
        assert supplied.by_hand(hand, namespace, pickle_trap.sprung(path)) == "True"
    supplied.replace_pods(on_a_claim, namespace)
    corrupt = supplied.until_reason(on_a_claim, namespace, "ModelCached", "Corrupt", within_s=150)
    assert "embedding/pytorch_model.bin" in corrupt["message"] or "digest" in corrupt["message"]
    assert supplied.condition(on_a_claim, namespace, "Ready")["reason"] == "Corrupt"
    for pod in supplied.pods(on_a_claim, namespace):
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
    with supplied.gone_afterwards("in-an-image", namespace):
        cluster.apply(supplied.manifest("in-an-image", namespace, {"image": image}))
        supplied.until_ready("in-an-image", namespace)
        assert supplied.found_segments("in-an-image", namespace, clip) == stock[""]


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
    assert supplied.found_segments(NAME, namespace, clip) == stock[""]
    model = cluster.read("diar", NAME, "-n", namespace)["status"]["model"]
    assert (model["pipeline"], model["revision"]) == (hub_pod.PIPELINE, hub_pod.COMMIT)
    assert {asked["token"] for asked in hub.asked() if asked["cdn"]} == {"none"}
    [pod] = supplied.pod_names(NAME, namespace)
    assert "HF_HUB_OFFLINE=1" in canary.processes(pod, "engine", namespace).splitlines()


@pytest.mark.usefixtures("story")
def test_a_second_service_and_a_second_pod_download_nothing(
    namespace: str, hub: HubPod, clip: bytes, stock: dict[str, list[Any]]
) -> None:
    before = len(hub.asked()), hub.sent_bytes()
    cache = {"claimName": f"{NAME}-models"}
    with supplied.gone_afterwards("sharing", namespace):
        cluster.apply(supplied.manifest("sharing", namespace, supplied.from_hub(hub), cache=cache, replicas=2))
        supplied.until_ready("sharing", namespace)
        assert supplied.found_segments("sharing", namespace, clip) == stock[""]
        assert (len(hub.asked()), hub.sent_bytes()) == before


@pytest.mark.usefixtures("story")
def test_a_new_token_touches_no_pod_and_a_revoked_one_stops_nothing(
    namespace: str, hub: HubPod, clip: bytes, stock: dict[str, list[Any]]
) -> None:
    before, jobs = supplied.pod_names(NAME, namespace), supplied.jobs(NAME, namespace)
    supplied.put_token(namespace, ROTATED)
    hub.accounts()
    time.sleep(5)
    assert supplied.pod_names(NAME, namespace) == before
    asked = len(hub.asked())
    supplied.replace_pods(NAME, namespace)
    supplied.until_ready(NAME, namespace)
    assert supplied.found_segments(NAME, namespace, clip) == stock[""]
    assert len(hub.asked()) == asked
    assert {job["metadata"]["uid"] for job in supplied.jobs(NAME, namespace)} <= {
        job["metadata"]["uid"] for job in jobs
    }


@pytest.mark.usefixtures("story")
def test_a_flipped_bit_is_refused_told_and_repaired(
    namespace: str, hub: HubPod, clip: bytes, stock: dict[str, list[Any]]
) -> None:
    hub.accounts(**{token: {} for token in (MEMBER, NEWCOMER, ROTATED)})
    before_bytes = hub.sent_bytes()
    with supplied.hand(f"{NAME}-models", namespace) as hand:
        supplied.by_hand(hand, namespace, FLIP)
    supplied.replace_pods(NAME, namespace)
    cluster.until(lambda: _is_told(namespace, "Corrupt"), within_s=150)
    cluster.until(lambda: hub.sent_bytes() > before_bytes, within_s=150)
    supplied.until_ready(NAME, namespace, within_s=300)
    assert supplied.found_segments(NAME, namespace, clip) == stock[""]
    weights_bytes = (prepared_models.DEMO_MODEL / WEIGHTS).stat().st_size
    assert weights_bytes <= hub.sent_bytes() - before_bytes <= weights_bytes + 10_000


@pytest.mark.usefixtures("story")
def test_a_new_revision_comes_beside_the_old_one_which_goes_after_the_rollout(
    namespace: str, hub: HubPod, clip: bytes, stock: dict[str, list[Any]]
) -> None:
    hub.accounts(**{ROTATED: {}})
    hub.moves_on()
    hub.fails("waits")
    old = supplied.pod_names(NAME, namespace)
    with supplied.hand(f"{NAME}-models", namespace) as hand:
        source = supplied.from_hub(hub, revision=hub_pod.LATER_COMMIT)
        cluster.apply(supplied.manifest(NAME, namespace, source))
        supplied.until_reason(NAME, namespace, "ModelCached", "Downloading", within_s=60)
        assert supplied.found_segments(NAME, namespace, clip) == stock[""]
        assert (supplied.pod_names(NAME, namespace), _revisions(hand, namespace)) == (old, [hub_pod.COMMIT])
        hub.fails("")
        supplied.until_ready(NAME, namespace)
        assert supplied.found_segments(NAME, namespace, clip) == stock[""]
        assert cluster.read("diar", NAME, "-n", namespace)["status"]["model"]["revision"] == hub_pod.LATER_COMMIT
        assert not set(old) & set(supplied.pod_names(NAME, namespace))
        cluster.until(lambda: _revisions(hand, namespace) == [hub_pod.LATER_COMMIT], within_s=120)
    cluster.until(lambda: "outdatedModels" not in cluster.read("diar", NAME, "-n", namespace)["status"], within_s=60)


def _revisions(hand: str, namespace: str) -> list[str]:
    """The revisions on the claim under their final names."""
    names = supplied.by_hand(hand, namespace, f"import os; print(*os.listdir('/claim/{hub_pod.FOLDER}'))").split()
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
    source = supplied.from_hub(hub, revision=model["revision"])
    with supplied.gone_afterwards("carried", namespace):
        cluster.apply(supplied.manifest("carried", namespace, source, cache={"claimName": air_gap.CLAIM}))
        supplied.until_ready("carried", namespace)
        assert supplied.found_segments("carried", namespace, clip) == stock[""]
        assert len(hub.asked()) == asked
        claim = {"claimName": air_gap.CLAIM, "path": f"{hub_pod.FOLDER}/{model['revision']}", "digest": digest}
        cluster.apply(supplied.manifest("carried", namespace, {"persistentVolumeClaim": claim}))
        supplied.until_ready("carried", namespace)
        assert supplied.found_segments("carried", namespace, clip) == stock[""]
    hub.fails("")


def _is_told(namespace: str, reason: str) -> bool:
    """Whether an Event says so: the condition may be over between two looks."""
    return any(event["reason"] == reason for event in supplied.events(NAME, namespace))


def test_the_token_is_nowhere_to_be_seen(story: Story, namespace: str) -> None:
    assert canary.holding(MARK, canary.secrets(namespace)), "the search finds what is there"
    assert canary.holding(MARK, [("processes of the Job", story.at_work)]) == []
    assert "sd_supply" in story.at_work
    assert canary.hits(MARK, namespace) == []
    for image in references().values():
        assert canary.holding(MARK, canary.image(image)) == []
