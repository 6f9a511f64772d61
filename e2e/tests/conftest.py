"""Fixtures of the end-to-end tests: the demo service, a namespace, a client pod, recordings and their oracle.

With pytest-xdist, each folder's tests run in one process: those in `demo` share the demo service; those in `models` and
`resource` create services of their own; those in `single_host` need docker but no cluster. Tests marked `timing` assert
durations and run afterwards, alone.
"""

import json
import os
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
from sd_kit.locks import locked
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling


class FolderScheduling(LoadScopeScheduling):
    """Assigns all tests of a folder to the same process, and the two shorter folders to one."""

    def _split_scope(self, nodeid: str) -> str:
        folder = nodeid.split("/")[-2]
        return "single_host" if folder == "resource" else folder


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FolderScheduling:
    """Choose the scheduler of pytest-xdist."""
    return FolderScheduling(config, log)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --keep-demo."""
    parser.addoption("--keep-demo", action="store_true", help="do not delete the demo service after the tests")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Delete the demo service after the last process, if tests created it."""
    options = session.config.option
    is_worker = hasattr(session.config, "workerinput")
    if not is_worker and not options.collectonly and not options.keep_demo and _created_by_tests().exists():
        cluster.kubectl("delete", "diar", "demo", "--ignore-not-found", "--wait=true")
        _created_by_tests().unlink()


@pytest.fixture(scope="session", autouse=True)
def demo() -> None:
    """Install the operator and the demo service as `make demo` does, once for all processes.

    The operator logs at DEBUG, so that the scan for leaked tokens covers every log line.
    """
    with locked("e2e-demo"):
        if "default/demo" not in _services():
            _created_by_tests().touch()
        helm_release.install(references(), log_level="DEBUG")
        diarization_service.apply(paths.REPOSITORY / "examples" / "demo.yaml")
        diarization_service.wait_until_ready("demo", image=references()["server"], timeout_s=600)


def _created_by_tests() -> Path:
    """Return the path of a file that exists while the demo service is one that tests created."""
    return paths.cache() / "e2e-demo-created"


def _services() -> str:
    try:
        items = cluster.read("diar", "-A")["items"]
    except KitError:  # the CRD is not installed yet
        return ""
    return " ".join(f"{item['metadata']['namespace']}/{item['metadata']['name']}" for item in items)


@pytest.fixture(scope="session")
def namespace() -> Iterator[str]:
    """A namespace of this test process that enforces the restricted Pod Security Standard."""
    cluster.kubectl("delete", "namespace", cluster.NAMESPACE, "--ignore-not-found", "--wait=true")
    cluster.kubectl("create", "namespace", cluster.NAMESPACE)
    cluster.kubectl("label", "namespace", cluster.NAMESPACE, "pod-security.kubernetes.io/enforce=restricted")
    account = ("get", "serviceaccount", "default", "-n", cluster.NAMESPACE, "--ignore-not-found", "-o", "name")
    cluster.wait_until(lambda: cluster.kubectl(*account), timeout_s=60)  # no pod is admitted before it exists
    yield cluster.NAMESPACE
    cluster.kubectl("delete", "namespace", cluster.NAMESPACE, "--wait=false")


@pytest.fixture(scope="session")
def client_pod(namespace: str) -> str:
    """A pod with the client's image, in another namespace than the demo service."""
    name = "client"
    spec = {"containers": [_client_container(references()["client"])], **cluster.RESTRICTED_POD}
    metadata = {"name": name, "namespace": namespace}
    cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    cluster.kubectl("wait", f"pod/{name}", "-n", namespace, "--for=condition=Ready", "--timeout=120s")
    return name


def _client_container(image: str) -> dict[str, Any]:
    return {
        "name": "client",
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
    """The content of the sample conversation's file."""
    return conversation_path.read_bytes()


@pytest.fixture(scope="session")
def clip_path(conversation_path: Path) -> Path:
    """The first 12 s of the conversation."""
    return _excerpt(conversation_path, 12)


@pytest.fixture(scope="session")
def clip(clip_path: Path) -> bytes:
    """The content of the clip's file."""
    return clip_path.read_bytes()


@pytest.fixture(scope="session")
def short_clip(conversation_path: Path) -> bytes:
    """The first 5 s of the conversation, for tests that send many requests."""
    return _excerpt(conversation_path, 5).read_bytes()


def _excerpt(recording: Path, duration_s: int) -> Path:
    path = recording.with_name(f"first-{duration_s}-s.wav")
    with wave.open(str(recording), "rb") as reader, wave.open(str(path), "wb") as writer:
        writer.setparams(reader.getparams())
        writer.writeframes(reader.readframes(duration_s * reader.getframerate()))
    return path


@pytest.fixture(scope="session")
def stock(clip_path: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[list[Any]]]:
    """The segments of stock pyannote.audio for the clip, by requested number of speakers; computed by one process."""
    base = tmp_path_factory.getbasetemp()
    path = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "stock-segments.json"
    with locked("e2e-oracle"):
        if not path.exists():
            path.write_text(json.dumps(stock_segments(clip_path, "", "2")))
    return json.loads(path.read_text())
