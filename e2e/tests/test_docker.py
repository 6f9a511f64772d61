"""One host without Kubernetes: the server image alone, run by the README's own command, on other ports."""

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import containers
import pytest
from sd_harness.cluster import calls, cluster
from sd_harness.cluster.oracle import segments
from sd_kit.images import docker

URL = "http://localhost:18700"
ENGINE_METRICS_URL = "http://localhost:18703/metrics"


@pytest.fixture(scope="session", autouse=True)
def demo() -> None:
    """Docker is all that this test needs: no cluster, no demo in it."""


@pytest.fixture(scope="module")
def container() -> Iterator[None]:
    """The image's default command, both halves of the server in one container, until it is ready."""
    with containers.running(containers.readmes_words(containers.DEMO)):
        cluster.until(lambda: calls.status(f"{URL}/v2/health/ready") == 200, within_s=120)
        cluster.until(lambda: calls.status("http://localhost:18703/readyz") == 200, within_s=60)
        yield


@pytest.mark.usefixtures("container")
def test_docker_stop_lets_what_is_in_flight_finish(
    clip: bytes, conversation: bytes, stock: dict[str, list[list[object]]]
) -> None:
    assert segments(calls.ask(calls.question(clip), url=URL).timeline) == stock[""]
    expected = calls.ask(calls.question(conversation), url=URL).timeline
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(calls.ask, calls.question(conversation), url=URL)
        cluster.until(lambda: calls.metric(ENGINE_METRICS_URL, "sd_requests_in_flight") == 1, within_s=20, every_s=0.02)
        subprocess.run([docker.client(), "stop", containers.NAME], check=True, capture_output=True, timeout=120)
    assert answer.result().timeline == expected
