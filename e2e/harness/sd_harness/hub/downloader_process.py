"""The command, run as a process of its own, and what it left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sd_harness.hub.fake_hub import GOOD_TOKEN, Hub
from sd_harness.hub.hub_models import COMMUNITY, COMMUNITY_COMMIT


@dataclass(frozen=True)
class Ended:
    """A finished run."""

    status: int
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
    def place(self) -> Path:
        return Path(self.document["path"])


class Supply:
    """Runs the command against one cache."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cache = folder / "cache"
        self.cache.mkdir()
        self.last_words = folder / "termination-log"

    def download(self, hub: Hub, *more: str, **asked: Any) -> Ended:
        process = self.start_download(hub, *more, **asked)
        return self.ended(process)

    def start_download(
        self,
        hub: Hub,
        *more: str,
        pipeline: str = COMMUNITY,
        revision: str = COMMUNITY_COMMIT,
        token: str | None = GOOD_TOKEN,
        prefix: Sequence[str] = (),
        **environment: str,
    ) -> subprocess.Popen[str]:
        words = ["download", "--pipeline", pipeline, "--revision", revision, "--endpoint", hub.url, *more]
        if token is not None:
            (self.folder / "token").write_text(token)
            words += ["--token-file", str(self.folder / "token")]
        return self.start(*words, "--cache", str(self.cache), prefix=prefix, **environment)

    def run(self, *words: str, **environment: str) -> Ended:
        return self.ended(self.start(*words, **environment))

    def start(self, *words: str, prefix: Sequence[str] = (), **environment: str) -> subprocess.Popen[str]:
        self.last_words.unlink(missing_ok=True)
        command = [
            *prefix,
            sys.executable,
            "-m",
            "sd_model_store",
            *words,
            "--termination-message",
            str(self.last_words),
        ]
        return subprocess.Popen(
            command,
            env=os.environ | {"NO_PROXY": "*", "no_proxy": "*"} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ended(self, process: subprocess.Popen[str]) -> Ended:
        stdout, stderr = process.communicate(timeout=120)
        assert self.last_words.exists(), stderr
        assert self.last_words.stat().st_size <= 4096
        document = json.loads(self.last_words.read_text())
        assert json.loads(stdout) == document
        return Ended(process.returncode, document, stdout, stderr)

    def final(self, commit: str = COMMUNITY_COMMIT, pipeline: str = COMMUNITY) -> Path:
        return self.cache / pipeline.replace("/", "--") / commit

    def work(self, commit: str = COMMUNITY_COMMIT, pipeline: str = COMMUNITY) -> Path:
        return self.cache / ".partial" / pipeline.replace("/", "--") / commit
