"""A real engine in a process of its own, and an adapter's side of its socket."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sd_engine import wire

READY_WITHIN_S = 120.0
"""Importing torch and pyannote.audio takes ten seconds of an idle CPU; these tests may run on a busy one."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class EngineProcess:
    """`python -m sd_engine` in `run_dir`, ended with the context."""

    def __init__(self, run_dir: Path, **settings: object) -> None:
        self._run_dir = run_dir
        self.port = free_port()
        named = {f"SD_{name.upper()}": str(value) for name, value in settings.items()}
        self._environment = os.environ | {"SD_RUN_DIR": str(run_dir), "SD_HTTP_PORT": str(self.port)} | named
        self._log = (run_dir / "engine.log").open("wb")
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sd_engine"], env=self._environment, stdout=self._log, stderr=self._log
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        self._log.close()

    def log(self) -> str:
        return (self._run_dir / "engine.log").read_text()

    def get(self, path: str) -> tuple[int, str]:
        """Status and body; status 0 while nobody listens yet."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, refusal.read().decode()
        except urllib.error.URLError:
            return 0, ""

    def wait_for(self, path: str) -> None:
        """Returns once `path` answers 200."""
        deadline = time.monotonic() + READY_WITHIN_S
        while self.get(path)[0] != 200:
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.1)

    def metric(self, name: str) -> float:
        """One sample of /metrics, by its name with its labels."""
        lines = self.get("/metrics")[1].splitlines()
        return next(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name} "))

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def adapter(self, name: str = "adapter-0") -> Adapter:
        return Adapter(self._run_dir / "engine.sock", name)


class Adapter:
    """What Triton's side does on the socket, without Triton."""

    def __init__(self, path: Path, name: str) -> None:
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._connection.connect(str(path))
        self._calls = 0
        wire.send(self._connection, {"type": "hello", "adapter": name})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def send(self, recording: bytes, *, request_id: str = "a-test", **asked: Any) -> int:
        """Sends a recording; returns the call's number."""
        self._calls += 1
        memory_fd = wire.write_memory("recording", recording)
        message = {"type": "diarize", "call": self._calls, "request_id": request_id, "asked": asked}
        wire.send(self._connection, message, memory_fd)
        os.close(memory_fd)
        return self._calls

    def cancel(self, call: int) -> None:
        wire.send(self._connection, {"type": "cancel", "call": call})

    def receive(self) -> tuple[wire.Message, dict[str, Any] | None]:
        """The next answer, and its timeline where there is one."""
        message, memory_fd = wire.receive(self._connection)
        if memory_fd is None:
            return message, None
        timeline = json.loads(wire.read_memory(memory_fd))
        os.close(memory_fd)
        return message, timeline

    def diarize(self, recording: bytes, **asked: Any) -> dict[str, Any]:
        """The timeline of one recording."""
        call = self.send(recording, **asked)
        message, timeline = self.receive()
        assert message == {"type": "result", "call": call}
        assert timeline is not None
        return timeline

    def refusal(self, recording: bytes, **asked: Any) -> tuple[str, str]:
        """Kind and sentence of the error that a recording is answered with."""
        call = self.send(recording, **asked)
        message, _ = self.receive()
        assert (message["type"], message["call"]) == ("error", call)
        return message["kind"], message["sentence"]
