"""Finds a running docker, or installs Debian's and starts it."""

import shutil
import subprocess
import time
from pathlib import Path

from sd_kit import commands, debian, docker, dockerd_config, places
from sd_kit.errors import KitError
from sd_kit.locks import locked
from sd_kit.steps import step

PATIENCE_S = 40.0
PID_FILES = {
    "dockerd": Path("/var/run/docker.pid"),
    "containerd": Path("/var/run/docker/containerd/containerd.pid"),
}


def ensure() -> None:
    """Make a docker daemon answer; does nothing when one does."""
    if docker.answers():
        return
    with locked("docker"):
        if docker.answers():
            return
        if _program() is None:
            debian.install("docker.io", "containerd", "runc", "iptables")
            if docker.answers():  # the package's own service has started it
                return
        with step("starting docker"):
            _start()


def _program() -> str | None:
    return shutil.which("dockerd", path=dockerd_config.SYSTEM_PATH)


def _start() -> None:
    for program, path in PID_FILES.items():
        remove_stale(path, program)
    log = places.log("dockerd")
    with log.open("ab") as sink:
        daemon = subprocess.Popen(
            [_program() or "dockerd", f"--config-file={dockerd_config.write()}"],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,  # it outlives this command
        )
    _wait_until_it_answers(daemon, log)


def _wait_until_it_answers(daemon: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not docker.answers():
        if daemon.poll() is not None:
            raise KitError(f"dockerd ended at once. The end of {log}:\n{commands.tail(log)}")
        if time.monotonic() > deadline:
            raise KitError(f"dockerd does not answer after {PATIENCE_S:.0f} s. The end of {log}:\n{commands.tail(log)}")
        time.sleep(0.2)


def remove_stale(path: Path, program: str) -> None:
    """Remove a pid file whose process is gone, or is another program that was given the same number since."""
    if not path.exists():
        return
    pid = path.read_text().strip()
    name = Path("/proc", pid, "comm")
    if not name.exists() or name.read_text().strip() != program:
        path.unlink()
