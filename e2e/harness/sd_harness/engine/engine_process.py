"""A real engine in a process of its own, and a client of its socket in place of Triton's adapter."""

from __future__ import annotations

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sd_engine import wire

START_TIMEOUT_S = 120.0
"""Importing torch and pyannote.audio takes ten seconds on an idle CPU; tests may run on a busy one."""


def free_port() -> int:
    """Return a TCP port that is free at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class EngineProcess:
    """`python -m sd_engine` in `run_dir`, with `settings`; killed when the context ends."""

    def __init__(self, run_dir: Path, **settings: object) -> None:
        self._run_dir = run_dir
        self.port = free_port()
        variables = {f"SD_{name.upper()}": str(value) for name, value in settings.items()}
        self._environment = os.environ | {"SD_RUN_DIR": str(run_dir), "SD_HTTP_PORT": str(self.port)} | variables
        self._log = (run_dir / "engine.log").open("wb")
        self.start()

    def start(self) -> None:
        """Start the process, again after `kill`."""
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
        """Return what the engine has written to its log."""
        return (self._run_dir / "engine.log").read_text()

    def get(self, path: str) -> tuple[int, str]:
        """Return status and body of a page of the health server; status 0 while it does not listen yet."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except urllib.error.URLError:
            return 0, ""

    def wait_for(self, path: str) -> None:
        """Wait until `path` responds with 200."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while self.get(path)[0] != 200:
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.1)

    def metric(self, name: str) -> float:
        """Return one sample of /metrics, by its name with its labels."""
        lines = self.get("/metrics")[1].splitlines()
        return next(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name} "))

    def kill(self) -> None:
        """Kill the process and wait for its end."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def adapter(self, name: str = "adapter-0") -> Adapter:
        """Return a new connection to the engine's socket."""
        return Adapter(self._run_dir / "engine.sock", name)


class Adapter:
    """A client of the engine's socket that sends the same messages as Triton's adapter."""

    def __init__(self, path: Path, name: str) -> None:
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._connection.connect(str(path))
        self._numbers = itertools.count(1)
        wire.send(self._connection, {"type": "hello", "adapter": name})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def send(
        self,
        recording: bytes,
        *,
        request_id: str = "a-test",
        num_speakers: int | str = "",
        include: Sequence[str] = (),
        **parameters: Any,
    ) -> int:
        """Send a request and return its number."""
        number = next(self._numbers)
        if include:
            parameters["include"] = ",".join(include)
        options = {"num_speakers": str(num_speakers), "parameters": parameters}
        memory_fd = wire.write_memory("recording", recording)
        message = {"type": "diarize", "number": number, "request_id": request_id, "options": options}
        wire.send(self._connection, message, memory_fd)
        os.close(memory_fd)
        return number

    def cancel(self, number: int) -> None:
        """Cancel a request."""
        wire.send(self._connection, {"type": "cancel", "number": number})

    def receive(self) -> tuple[wire.Message, dict[str, Any] | None]:
        """Wait for the next response and return it with its timeline, if it has one."""
        message, memory_fd = wire.receive(self._connection)
        if memory_fd is None:
            return message, None
        timeline = json.loads(wire.read_memory(memory_fd))
        os.close(memory_fd)
        return message, timeline

    def diarize(self, recording: bytes, **options: Any) -> dict[str, Any]:
        """Return the timeline of a recording."""
        number = self.send(recording, **options)
        message, timeline = self.receive()
        assert message == {"type": "result", "number": number}
        assert timeline is not None
        return timeline

    def error(self, recording: bytes, **options: Any) -> tuple[str, str]:
        """Return code and message of the error with which the engine responds to a recording."""
        number = self.send(recording, **options)
        message, _ = self.receive()
        assert (message["type"], message["number"]) == ("error", number)
        return message["code"], message["message"]
