"""Containers of the server image on this host, started with the README's `docker run` commands."""

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sd_harness.cluster import cluster
from sd_harness.cluster.inference_client import INFER_PATH, request_body
from sd_kit import paths
from sd_kit.images import docker

NAME = "sd-triton-e2e"
DEMO, FIRST_START = range(2)
"""Indices of the README's `docker run` commands."""
_HTTP_REQUEST = """
import sys, urllib.request
request = urllib.request.Request(sys.argv[1], sys.stdin.buffer.read() or None, {"Content-Type": "application/json"})
print(urllib.request.urlopen(request).read().decode())
"""


def readme_arguments(index: int) -> list[str]:
    """Return the arguments of a `docker run` command of the README.

    The ports are moved, so that the cluster's ports stay free, and --rm is removed, so that the log can be read after
    the end of the container.
    """
    readme = (paths.REPOSITORY / "README.md").read_text()
    commands = re.findall(r"^docker run (.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    command = commands[index].replace("127.0.0.1:87", "127.0.0.1:187").replace("\\\n", " ")
    return [argument for argument in shlex.split(command) if argument != "--rm"]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a docker command; `environment` replaces that of this process if it is given."""
    argv = [docker.client(), *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=False, env=environment or None)


@contextmanager
def running(arguments: list[str], **environment: str) -> Iterator[None]:
    """Run a container until the block ends; `environment` is that of the docker command."""
    run("rm", "--force", NAME)
    started = run("run", "--detach", "--name", NAME, *arguments, **environment)
    assert started.returncode == 0, started.stderr
    try:
        yield
    finally:
        run("rm", "--force", NAME)


def wait_until_ready() -> None:
    """Wait until Triton and the engine report themselves ready inside the container."""
    for url in ("http://127.0.0.1:8000/v2/health/ready", "http://127.0.0.1:8003/readyz"):
        cluster.wait_until(lambda url=url: _is_running() and _request_inside(url).returncode == 0, timeout_s=120)


def diarize(recording: bytes) -> dict[str, Any]:
    """Return the timeline of a recording, requested from inside the container, so that it needs no network."""
    url = f"http://127.0.0.1:8000{INFER_PATH}"
    completed = _request_inside(url, json.dumps(request_body(recording)))
    assert completed.returncode == 0, completed.stderr
    return json.loads(json.loads(completed.stdout)["outputs"][0]["data"][0])


def process_environments() -> list[str]:
    """Return the environment of each process of the container."""
    pids = run("top", NAME, "-o", "pid").stdout.split()[1:]
    return [Path("/proc", pid, "environ").read_text(errors="replace") for pid in pids]


def log() -> str:
    """Return the container's stdout and stderr."""
    completed = run("logs", NAME)
    return completed.stdout + completed.stderr


def exit_status() -> int:
    """Wait for the end of the container; return its exit status."""
    return int(run("wait", NAME).stdout)


def _is_running() -> bool:
    assert docker.container_state(NAME) == "running", log()
    return True


def _request_inside(url: str, body: str = "") -> subprocess.CompletedProcess[str]:
    argv = [docker.client(), "exec", "--interactive", NAME, "/opt/engine/bin/python", "-c", _HTTP_REQUEST, url]
    return subprocess.run(argv, input=body, capture_output=True, text=True, check=False)
