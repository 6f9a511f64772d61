"""The model store's command as a process of its own, and the result of a run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sd_harness.hub.hub_models import COMMUNITY, COMMUNITY_COMMIT
from sd_harness.hub.hub_state import GOOD_TOKEN, FakeHub

KILL_CONDITION_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class CompletedRun:
    """A completed run: its exit code and its output."""

    exit_code: int
    document: dict[str, Any]
    stdout: str
    stderr: str

    @property
    def reason(self) -> str | None:
        return self.document.get("reason")

    @property
    def message(self) -> str:
        return self.document["message"]

    @property
    def path(self) -> Path:
        return Path(self.document["path"])


class ModelStoreCommand:
    """Runs `python -m sd_model_store` with one cache below `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cache = folder / "cache"
        self.cache.mkdir()
        self.termination_log = folder / "termination-log"

    def download(self, hub: FakeHub, *more: str, **options: Any) -> CompletedRun:
        """Run a download; `options` are those of `start_download`."""
        return self.wait(self.start_download(hub, *more, **options))

    def start_download(
        self,
        hub: FakeHub,
        *more: str,
        pipeline: str = COMMUNITY,
        revision: str = COMMUNITY_COMMIT,
        token: str | None = GOOD_TOKEN,
        prefix: Sequence[str] = (),
        **environment: str,
    ) -> subprocess.Popen[str]:
        """Start a download; `prefix` is a command that runs it, such as `prlimit`."""
        arguments = ["download", "--pipeline", pipeline, "--revision", revision, "--endpoint", hub.url, *more]
        if token is not None:
            (self.folder / "token").write_text(token)
            arguments += ["--token-file", str(self.folder / "token")]
        return self.start(*arguments, "--cache", str(self.cache), prefix=prefix, **environment)

    def run(self, *arguments: str, **environment: str) -> CompletedRun:
        """Run any command of the model store."""
        return self.wait(self.start(*arguments, **environment))

    def start(self, *arguments: str, prefix: Sequence[str] = (), **environment: str) -> subprocess.Popen[str]:
        """Start any command of the model store."""
        self.termination_log.unlink(missing_ok=True)
        program = [*prefix, sys.executable, "-m", "sd_model_store"]
        return subprocess.Popen(
            [*program, *arguments, "--termination-message", str(self.termination_log)],
            env=os.environ | {"NO_PROXY": "*", "no_proxy": "*"} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait(self, process: subprocess.Popen[str]) -> CompletedRun:
        """Wait for a started command, and check that it prints its termination message."""
        stdout, stderr = process.communicate(timeout=120)
        assert self.termination_log.exists(), stderr
        assert self.termination_log.stat().st_size <= 4096
        document = json.loads(self.termination_log.read_text())
        assert json.loads(stdout) == document
        return CompletedRun(process.returncode, document, stdout, stderr)

    def revision_path(self, commit: str = COMMUNITY_COMMIT, pipeline: str = COMMUNITY) -> Path:
        """Return the final path of a revision."""
        return self.cache / pipeline.replace("/", "--") / commit

    def partial_path(self, commit: str = COMMUNITY_COMMIT, pipeline: str = COMMUNITY) -> Path:
        """Return the path of a revision during its download."""
        return self.cache / ".partial" / pipeline.replace("/", "--") / commit


def kill_download_after(
    command: ModelStoreCommand, hub: FakeHub, sent_bytes: int, *, condition: Callable[[], bool] = lambda: True
) -> None:
    """Start a download and kill it (SIGKILL) once the hub has sent `sent_bytes` of files and `condition` is true.

    The hub sends nothing while the condition is awaited; that allows data in transit to arrive.
    """
    process = command.start_download(hub)

    def kill_when_reached(_: int) -> None:
        if hub.sent_bytes >= sent_bytes:
            deadline_s = time.monotonic() + KILL_CONDITION_TIMEOUT_S
            while not condition() and time.monotonic() < deadline_s:
                time.sleep(0.01)
            process.kill()
            process.wait()

    hub.before_chunk = kill_when_reached
    process.communicate(timeout=60)
    hub.before_chunk = lambda _: None
