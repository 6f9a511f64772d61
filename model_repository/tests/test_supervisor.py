"""Both halves of the server under one supervisor: what is started again, and what ends the container."""

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
        """Nobody reads it."""


@pytest.fixture
def ready_url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Ready) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/readyz"
        server.shutdown()


@pytest.fixture
def starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with one line per start of an `sd-server` that ends with the status in `status`, when there is one."""
    command = tmp_path / "sd-server"
    command.write_text(
        f"#!/bin/sh\ncd {tmp_path}\necho $1 >> starts\nuntil [ -e status ]; do sleep 0.05; done\nexit $(cat status)\n"
    )
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    return tmp_path / "starts"


def ended(half: supervisor.Half) -> bool:
    return half._process.poll() is not None


def test_what_gives_up_before_it_was_ready_ends_the_container_with_its_status(starts: Path) -> None:
    half = supervisor.Half("engine", "http://127.0.0.1:9/nobody")
    half.look()
    starts.with_name("status").write_text("3")
    eventually(lambda: ended(half))
    with pytest.raises(SystemExit) as end:
        half.look()
    assert end.value.code == 3


def test_what_crashes_before_it_was_ready_is_started_again(starts: Path) -> None:
    half = supervisor.Half("triton", "http://127.0.0.1:9/nobody")
    eventually(lambda: starts.exists() and starts.read_text() == "triton\n")
    half._process.kill()
    eventually(lambda: ended(half))
    half.look()
    eventually(lambda: starts.read_text() == "triton\ntriton\n")
    half.stop()


def test_what_ends_later_is_started_again_alone(starts: Path, ready_url: str) -> None:
    half = supervisor.Half("engine", ready_url)
    half.look()
    eventually(lambda: starts.exists() and starts.read_text() == "engine\n")
    half._process.kill()
    eventually(lambda: ended(half))
    half.look()
    eventually(lambda: starts.read_text() == "engine\nengine\n")
    assert not ended(half)
    half.stop()


@pytest.mark.usefixtures("starts")
def test_the_pause_before_a_start_grows_up_to_a_bound(ready_url: str) -> None:
    half = supervisor.Half("engine", ready_url)
    half.look()
    pauses = [half.next_pause_s(ran_for_s=1) for _ in range(7)]
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    assert [half.next_pause_s(ran_for_s=61), half.next_pause_s(ran_for_s=1)] == [1, 2]
    half.stop()


def test_an_engine_that_has_gone_leaves_nothing_to_wait_for(starts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "ENGINE", "http://127.0.0.1:9")
    half = supervisor.Half("engine", "http://127.0.0.1:9/nobody")
    starts.with_name("status").write_text("0")
    supervisor.wait_until_idle(half)
    assert ended(half)
    supervisor.wait_until_idle(None)


def test_a_shell_that_reports_a_crash_of_its_child_is_started_again(starts: Path) -> None:
    half = supervisor.Half("triton", "http://127.0.0.1:9/nobody")
    eventually(starts.exists)
    starts.with_name("status").write_text("134")
    eventually(lambda: ended(half))
    half.look()
    eventually(lambda: starts.read_text() == "triton\ntriton\n")
    half.stop()
