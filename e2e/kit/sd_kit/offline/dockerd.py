"""The docker daemon: the running one, else Debian's, installed and started by the kit."""

import shutil
import subprocess
import time
from pathlib import Path

from sd_kit import paths, subprocesses
from sd_kit.errors import KitError
from sd_kit.images import docker
from sd_kit.locks import locked
from sd_kit.offline import debian_packages, dockerd_config
from sd_kit.progress import step

START_TIMEOUT_S = 40.0
POLL_INTERVAL_S = 0.2
PID_FILES = {
    "dockerd": Path("/var/run/docker.pid"),
    "containerd": Path("/var/run/docker/containerd/containerd.pid"),
}


def ensure() -> None:
    """Install and start a docker daemon, unless one answers."""
    if docker.answers():
        return
    with locked("docker"):
        if docker.answers():
            return
        if _program() is None:
            debian_packages.install("docker.io", "containerd", "runc", "iptables")
            if docker.answers():  # the Debian package starts its service
                return
        with step("starting docker"):
            _start()


def _program() -> str | None:
    return shutil.which("dockerd", path=dockerd_config.SYSTEM_PATH)


def _start() -> None:
    for program, path in PID_FILES.items():
        remove_stale_pid_file(path, program)
    log = paths.log("dockerd")
    with log.open("ab") as log_file:
        daemon = subprocess.Popen(
            [_program() or "dockerd", f"--config-file={dockerd_config.write()}"],
            stdin=subprocess.DEVNULL,
            stdout=log_file,
            stderr=log_file,
            start_new_session=True,  # the daemon keeps running after this command
        )
    _wait_until_it_answers(daemon, log)


def _wait_until_it_answers(daemon: subprocess.Popen[bytes], log: Path) -> None:
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while not docker.answers():
        if daemon.poll() is not None:
            raise KitError(f"dockerd exited during its start. The end of {log}:\n{subprocesses.tail(log)}")
        if time.monotonic() > deadline_s:
            problem = f"dockerd does not answer after {START_TIMEOUT_S:.0f} s"
            raise KitError(f"{problem}. The end of {log}:\n{subprocesses.tail(log)}")
        time.sleep(POLL_INTERVAL_S)


def remove_stale_pid_file(path: Path, program: str) -> None:
    """Remove a pid file whose process is gone, or whose pid now belongs to another program."""
    if not path.exists():
        return
    pid = path.read_text().strip()
    name = Path("/proc", pid, "comm")
    if not name.exists() or name.read_text().strip() != program:
        path.unlink()
