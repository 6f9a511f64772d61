"""One host without Kubernetes: the server image alone, run by the README's own command, on other ports."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import calls
import cluster
import pytest
from oracle import segments
from sd_kit import docker, places

NAME = "sd-triton-e2e"
URL = "http://localhost:18700"
ENGINE_METRICS_URL = "http://localhost:18703/metrics"


def _readmes_command() -> list[str]:
    (command,) = re.findall(
        r"^docker run (.*?)^```$", (places.REPOSITORY / "README.md").read_text(), re.MULTILINE | re.DOTALL
    )
    on_other_ports = command.replace("127.0.0.1:87", "127.0.0.1:187").replace("\\\n", " ")
    return [str(docker.client()), "run", "--detach", "--name", NAME, *shlex.split(on_other_ports)]


@pytest.fixture(scope="module")
def container() -> Iterator[None]:
    """The image's default command, both halves of the server in one container, until it is ready."""
    remove = [docker.client(), "rm", "--force", NAME]
    subprocess.run(remove, capture_output=True, check=False)
    subprocess.run(_readmes_command(), check=True, capture_output=True)
    cluster.until(lambda: calls.status(f"{URL}/v2/health/ready") == 200, within_s=120)
    cluster.until(lambda: calls.status("http://localhost:18703/readyz") == 200, within_s=60)
    yield
    subprocess.run(remove, capture_output=True, check=False)


@pytest.mark.usefixtures("container")
def test_docker_stop_lets_what_is_in_flight_finish(clip: bytes, stock: dict[str, list[list[object]]]) -> None:
    assert segments(calls.ask(calls.question(clip), url=URL).timeline) == stock[""]
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(calls.ask, calls.question(clip), url=URL)
        cluster.until(lambda: calls.metric(ENGINE_METRICS_URL, "sd_requests_in_flight") == 1, within_s=20, every_s=0.02)
        subprocess.run([docker.client(), "stop", NAME], check=True, capture_output=True, timeout=120)
    assert segments(answer.result().timeline) == stock[""]
