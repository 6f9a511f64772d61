"""Containers of the server image on this host: run by the README's own commands, and asked from inside."""

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
"""The README's `docker run`s, in their order there."""
_ASK = """
import sys, urllib.request
question = urllib.request.Request(sys.argv[1], sys.stdin.buffer.read() or None, {"Content-Type": "application/json"})
print(urllib.request.urlopen(question).read().decode())
"""


def readmes_words(which: int) -> list[str]:
    """What stands behind `docker run` there, but on other ports, and kept when it ends: its log is asked for later."""
    commands = re.findall(
        r"^docker run (.*?)^```$", (paths.REPOSITORY / "README.md").read_text(), re.MULTILINE | re.DOTALL
    )
    on_other_ports = commands[which].replace("127.0.0.1:87", "127.0.0.1:187").replace("\\\n", " ")
    return [word for word in shlex.split(on_other_ports) if word != "--rm"]


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """What docker prints."""
    argv = [docker.client(), *words]
    return subprocess.run(argv, capture_output=True, text=True, check=False, env=environment or None)


@contextmanager
def running(words: list[str], **environment: str) -> Iterator[None]:
    """A container, until the block ends; `environment` is that of the docker command."""
    run("rm", "--force", NAME)
    started = run("run", "--detach", "--name", NAME, *words, **environment)
    assert started.returncode == 0, started.stderr
    try:
        yield
    finally:
        run("rm", "--force", NAME)


def wait_ready() -> None:
    """Returns once both halves of the server are ready, as they see it themselves."""
    for url in ("http://127.0.0.1:8000/v2/health/ready", "http://127.0.0.1:8003/readyz"):
        cluster.wait_until(lambda url=url: _is_up() and _asked_inside(url).returncode == 0, timeout_s=120)


def ask(recording: bytes) -> dict[str, Any]:
    """The timeline of a recording; nothing but the container itself is needed for it."""
    url = f"http://127.0.0.1:8000{INFER_PATH}"
    asked = _asked_inside(url, json.dumps(request_body(recording)))
    assert asked.returncode == 0, asked.stderr
    return json.loads(json.loads(asked.stdout)["outputs"][0]["data"][0])


def processes() -> list[str]:
    """The environment of each process of the container."""
    listed = run("top", NAME, "-o", "pid").stdout.split()[1:]
    return [Path("/proc", pid, "environ").read_text(errors="replace") for pid in listed]


def log() -> str:
    """Everything that the container has said."""
    said = run("logs", NAME)
    return said.stdout + said.stderr


def exit_status() -> int:
    """That of a container that has ended."""
    return int(run("wait", NAME).stdout)


def _is_up() -> bool:
    assert docker.container_state(NAME) == "running", log()
    return True


def _asked_inside(url: str, question: str = "") -> subprocess.CompletedProcess[str]:
    argv = [docker.client(), "exec", "--interactive", NAME, "/opt/engine/bin/python", "-c", _ASK, url]
    return subprocess.run(argv, input=question, capture_output=True, text=True, check=False)
