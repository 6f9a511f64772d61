"""A real Triton for the tests: the PyPI build, started by the image's `start-triton` on ports of its own."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import urllib.request
from pathlib import Path
from typing import Self

from sd_engine.serving.triton_repository import write
from sd_engine.settings import Settings

from sd_harness.engine.stand_in_engine import eventually

REPOSITORY = Path(__file__).parents[4]
MAX_REQUEST_BYTES = 4 * 1024 * 1024


def installed_triton() -> Path:
    """Return the directory where the image's script has installed Triton and the adapter's environment."""
    cache = Path(os.environ.get("SD_TRITON_CACHE", "~/.cache/sd-triton")).expanduser()
    recipe = [REPOSITORY / "images/server/build" / name for name in ("install-triton", "triton.txt", "adapter.txt")]
    root = cache / "triton" / hashlib.sha256(b"".join(path.read_bytes() for path in recipe)).hexdigest()[:12]
    if not (root / "installed").exists():
        root.mkdir(parents=True, exist_ok=True)
        path = f"{cache}/uv-venv/bin:{os.environ['PATH']}"
        subprocess.run([recipe[0], root], check=True, env={**os.environ, "PATH": path})
        (root / "installed").touch()
    return root


class Triton:
    """A running server whose model repository and engine socket lie in `run_dir`."""

    def __init__(self, run_dir: Path, installed: Path, adapters: int) -> None:
        self.socket_path = run_dir / "engine.sock"
        self.ports: dict[str, int] = dict(zip(("http", "grpc", "metrics"), _free_ports(3), strict=True))
        self._run_dir = run_dir
        self._installed = installed
        settings = Settings(run_dir=run_dir, adapters=adapters, max_request_bytes=MAX_REQUEST_BYTES)
        write(_assets(REPOSITORY, run_dir / "assets"), settings)

    def url(self, protocol: str = "http") -> str:
        """Return host and port of a protocol: `http`, `grpc` or `metrics`."""
        return f"127.0.0.1:{self.ports[protocol]}"

    def __enter__(self) -> Self:
        with (self._run_dir / "triton.log").open("wb") as log:
            self._process = subprocess.Popen(
                ["/bin/sh", self._run_dir / "start-triton"], stdout=log, stderr=log, env=self._environment()
            )
        eventually(self._ready, timeout_s=60)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(timeout=30)

    def log(self) -> str:
        """Return the server's output."""
        return (self._run_dir / "triton.log").read_text()

    def process_id(self) -> int:
        """Return the id of the start script's process, which must be running."""
        assert self._process.poll() is None, self.log()
        return self._process.pid

    def counter(self, name: str) -> float:
        """Return the sum of one of Triton's metrics over its labels."""
        with urllib.request.urlopen(f"http://{self.url('metrics')}/metrics", timeout=5) as page:
            lines = page.read().decode().splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name + "{"))

    def _ready(self) -> bool:
        assert self._process.poll() is None, self.log()
        try:
            with urllib.request.urlopen(f"http://{self.url()}/v2/health/ready", timeout=1) as response:
                return response.status == 200
        except OSError:
            return False

    def _environment(self) -> dict[str, str]:
        """Return an environment with the adapter's Python and a `tritonserver` that uses this test's ports."""
        flags = {"backend-directory": self._installed / "tritonserver/backends"} | {
            f"{protocol}-{setting}": value
            for protocol, port in self.ports.items()
            for setting, value in (("address", "127.0.0.1"), ("port", port))
        }
        arguments = " ".join(f"--{name}={value}" for name, value in flags.items())
        wrapper = self._run_dir / "bin" / "tritonserver"
        wrapper.parent.mkdir(exist_ok=True)
        wrapper.write_text(f'#!/bin/sh\nexec "{self._installed}/tritonserver/bin/tritonserver" {arguments} "$@"\n')
        wrapper.chmod(0o755)
        return {**os.environ, "PATH": f"{wrapper.parent}:{self._installed}/adapter/bin:{os.environ['PATH']}"}


def _assets(repository: Path, folder: Path) -> Path:
    """Create a directory of links to the files that the server image holds as assets."""
    folder.mkdir()
    (folder / "model_repository").symlink_to(repository / "model_repository")
    (folder / "start-triton").symlink_to(repository / "images/server/start-triton")
    return folder


def _free_ports(count: int) -> list[int]:
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports
