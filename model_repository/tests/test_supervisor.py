"""The supervisor: which ends of a process restart it, and which end the container."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import supervisor
from sd_harness.engine.stand_in_engine import eventually


class Ready(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Log nothing."""


@pytest.fixture
def ready_url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Ready) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/readyz"
        server.shutdown()


@pytest.fixture
def starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with a line per start of a fake `sd-server`, which exits with the status in the file `status`."""
    command = tmp_path / "sd-server"
    command.write_text(
        f"#!/bin/sh\ncd {tmp_path}\necho $1 >> starts\nuntil [ -e status ]; do sleep 0.05; done\nexit $(cat status)\n"
    )
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    return tmp_path / "starts"


def has_ended(process: supervisor.SupervisedProcess) -> bool:
    return process._process.poll() is not None


def test_a_process_that_exits_before_it_was_ready_ends_the_container_with_its_status(starts: Path) -> None:
    process = supervisor.SupervisedProcess("engine", "http://127.0.0.1:9/nobody")
    process.check()
    starts.with_name("status").write_text("3")
    eventually(lambda: has_ended(process))
    with pytest.raises(SystemExit) as exited:
        process.check()
    assert exited.value.code == 3


def test_a_process_that_crashes_before_it_was_ready_is_restarted(starts: Path) -> None:
    process = supervisor.SupervisedProcess("triton", "http://127.0.0.1:9/nobody")
    eventually(lambda: starts.exists() and starts.read_text() == "triton\n")
    process._process.kill()
    eventually(lambda: has_ended(process))
    process.check()
    eventually(lambda: starts.read_text() == "triton\ntriton\n")
    process.stop()


def test_a_process_that_ends_later_is_restarted(starts: Path, ready_url: str) -> None:
    process = supervisor.SupervisedProcess("engine", ready_url)
    process.check()
    eventually(lambda: starts.exists() and starts.read_text() == "engine\n")
    process._process.kill()
    eventually(lambda: has_ended(process))
    process.check()
    eventually(lambda: starts.read_text() == "engine\nengine\n")
    assert not has_ended(process)
    process.stop()


@pytest.mark.usefixtures("starts")
def test_the_restart_delay_grows_up_to_a_maximum(ready_url: str) -> None:
    process = supervisor.SupervisedProcess("engine", ready_url)
    process.check()
    delays = [process.next_delay_s(ran_for_s=1) for _ in range(7)]
    assert delays == [1, 2, 4, 8, 16, 30, 30]
    assert [process.next_delay_s(ran_for_s=61), process.next_delay_s(ran_for_s=1)] == [1, 2]
    process.stop()


def test_a_drain_ends_when_the_engine_has_ended(starts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "ENGINE_URL", "http://127.0.0.1:9")
    process = supervisor.SupervisedProcess("engine", "http://127.0.0.1:9/nobody")
    starts.with_name("status").write_text("0")
    supervisor.drain(process)
    assert has_ended(process)
    supervisor.drain(None)


def test_a_shell_that_reports_a_crash_of_its_child_is_restarted(starts: Path) -> None:
    process = supervisor.SupervisedProcess("triton", "http://127.0.0.1:9/nobody")
    eventually(starts.exists)
    starts.with_name("status").write_text("134")
    eventually(lambda: has_ended(process))
    process.check()
    eventually(lambda: starts.read_text() == "triton\ntriton\n")
    process.stop()
