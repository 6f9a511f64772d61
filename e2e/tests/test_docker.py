"""One host without Kubernetes: the server image alone, run by the README's own command, on other ports."""

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import containers
import pytest
from sd_harness.cluster import cluster
from sd_harness.cluster.inference_client import http_status, metric_sum, request_body, send
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
        cluster.wait_until(lambda: http_status(f"{URL}/v2/health/ready") == 200, timeout_s=120)
        cluster.wait_until(lambda: http_status("http://localhost:18703/readyz") == 200, timeout_s=60)
        yield


@pytest.mark.usefixtures("container")
def test_docker_stop_lets_what_is_in_flight_finish(
    clip: bytes, conversation: bytes, stock: dict[str, list[list[object]]]
) -> None:
    assert segments(send(request_body(clip), url=URL).timeline) == stock[""]
    expected = send(request_body(conversation), url=URL).timeline
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(send, request_body(conversation), url=URL)
        cluster.wait_until(
            lambda: metric_sum(ENGINE_METRICS_URL, "sd_requests_in_flight") == 1,
            timeout_s=20,
            interval_s=0.02,
        )
        subprocess.run([docker.client(), "stop", containers.NAME], check=True, capture_output=True, timeout=120)
    assert answer.result().timeline == expected
