"""The server image on one host without Kubernetes, started with the README's command on other ports."""

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
ENGINE_URL = "http://localhost:18703"


@pytest.fixture(scope="module")
def container() -> Iterator[None]:
    """A ready container with the image's default command, which runs Triton and the engine."""
    with containers.running(containers.readme_arguments(containers.DEMO)):
        cluster.wait_until(lambda: http_status(f"{URL}/v2/health/ready") == 200, timeout_s=120)
        cluster.wait_until(lambda: http_status(f"{ENGINE_URL}/readyz") == 200, timeout_s=60)
        yield


@pytest.mark.usefixtures("container")
def test_docker_stop_completes_the_request_in_flight(
    clip: bytes, conversation: bytes, stock: dict[str, list[list[object]]]
) -> None:
    assert segments(send(request_body(clip), url=URL).timeline) == stock[""]
    expected = send(request_body(conversation), url=URL).timeline
    with ThreadPoolExecutor(1) as threads:
        response = threads.submit(send, request_body(conversation), url=URL)
        cluster.wait_until(_is_one_request_in_flight, timeout_s=20, interval_s=0.02)
        subprocess.run([docker.client(), "stop", containers.NAME], check=True, capture_output=True, timeout=120)
    assert response.result().timeline == expected


def _is_one_request_in_flight() -> bool:
    return metric_sum(f"{ENGINE_URL}/metrics", "sd_requests_in_flight") == 1
