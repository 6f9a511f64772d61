"""One cluster with the demo service and a calling pod, for all end-to-end tests."""

import json
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sd_harness.cluster import cluster
from sd_harness.cluster.oracle import stock_segments
from sd_kit import paths
from sd_kit.cluster import diarization_service, helm_release
from sd_kit.conversation import write_conversation
from sd_kit.errors import KitError
from sd_kit.images.build import references


@pytest.fixture(scope="session", autouse=True)
def demo() -> Iterator[None]:
    """The operator and the demo service, as `make demo` leaves them; taken away again if they were not there before.

    The operator says all that it can: one of the tests searches its words for what they must not hold.
    """
    before = "default/demo" in _services()
    helm_release.install(references(), log_level="DEBUG")
    diarization_service.apply(paths.REPOSITORY / "examples" / "demo.yaml")
    diarization_service.wait_until_ready("demo", image=references()["server"], timeout_s=600)
    yield
    if not before:
        cluster.kubectl("delete", "diar", "demo", "--wait=true")


def _services() -> str:
    try:
        found = cluster.read("diar", "-A")["items"]
    except KitError:  # no such resource yet
        return ""
    return " ".join(f"{item['metadata']['namespace']}/{item['metadata']['name']}" for item in found)


@pytest.fixture(scope="session")
def namespace() -> Iterator[str]:
    """A namespace of the tests' own, which enforces the restricted pod security."""
    cluster.kubectl("delete", "namespace", cluster.NAMESPACE, "--ignore-not-found", "--wait=true")
    cluster.kubectl("create", "namespace", cluster.NAMESPACE)
    cluster.kubectl("label", "namespace", cluster.NAMESPACE, "pod-security.kubernetes.io/enforce=restricted")
    account = ("get", "serviceaccount", "default", "-n", cluster.NAMESPACE, "--ignore-not-found", "-o", "name")
    cluster.wait_until(lambda: cluster.kubectl(*account), timeout_s=60)  # without it no pod is let in
    yield cluster.NAMESPACE
    cluster.kubectl("delete", "namespace", cluster.NAMESPACE, "--wait=false")


@pytest.fixture(scope="session")
def caller(namespace: str) -> str:
    """A pod with the client's image in another namespace than the service's."""
    overrides = {"spec": {"containers": [_calling_container(references()["client"])], **cluster.RESTRICTED_POD}}
    cluster.kubectl(
        *("run", "caller", "-n", namespace, "--image", references()["client"], "--restart", "Never"),
        *("--overrides", json.dumps(overrides)),
    )
    cluster.kubectl("wait", "pod/caller", "-n", namespace, "--for=condition=Ready", "--timeout=120s")
    return "caller"


def _calling_container(image: str) -> dict[str, Any]:
    return {
        "name": "caller",
        "image": image,
        "command": ["sleep", "infinity"],
        "securityContext": cluster.RESTRICTED_CONTAINER,
    }


@pytest.fixture(scope="session")
def conversation_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's sample conversation: three voices, at least 60 s."""
    path = tmp_path_factory.mktemp("recordings") / "conversation.wav"
    write_conversation(path)
    return path


@pytest.fixture(scope="session")
def conversation(conversation_path: Path) -> bytes:
    """The sample conversation's file, byte by byte."""
    return conversation_path.read_bytes()


@pytest.fixture(scope="session")
def clip_path(conversation_path: Path) -> Path:
    """The first 12 s of the conversation."""
    return _beginning(conversation_path, 12)


@pytest.fixture(scope="session")
def clip(clip_path: Path) -> bytes:
    """The clip's file, byte by byte."""
    return clip_path.read_bytes()


@pytest.fixture(scope="session")
def short(conversation_path: Path) -> bytes:
    """The first 5 s of the conversation: where many requests are asked and their answers matter less."""
    return _beginning(conversation_path, 5).read_bytes()


def _beginning(recording: Path, duration_s: int) -> Path:
    path = recording.with_name(f"first-{duration_s}-s.wav")
    with wave.open(str(recording), "rb") as whole, wave.open(str(path), "wb") as cut:
        cut.setparams(whole.getparams())
        cut.writeframes(whole.readframes(duration_s * whole.getframerate()))
    return path


@pytest.fixture(scope="session")
def stock(clip_path: Path) -> dict[str, list[list[Any]]]:
    """Stock pyannote's segments of the clip, by the number of speakers asked for."""
    return {speakers: stock_segments(clip_path, speakers) for speakers in ("", "2")}
