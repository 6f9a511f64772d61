"""What a single host's first process does with the pipeline that was asked for, and with the token."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import first_start
import pytest
from sd_harness.engine.stand_in_engine import eventually

CANARY = "hf_canary0sings0in0no0environment"
SUPPLIED = {"path": "/models/a--b/c", "digest": "sha256:d", "pipeline": "a/b", "revision": "c"}
REFUSED = {"reason": "TermsNotAccepted", "message": "Accept them on https://huggingface.co/a/b, then try again."}


@pytest.fixture
def commands(tmp_path: Path) -> Path:
    """An `sd-server` that notes what it was called with, and ends as `answer` says; a `tini` that notes it too."""
    download = (
        f"cd {tmp_path}\nenv > download\necho $* >> download\nuntil [ -e answer ]; do sleep 0.05; done\n. ./answer"
    )
    for name, script in (("sd-server", download), ("tini", f"env > {tmp_path}/server; echo $* >> {tmp_path}/server")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    return tmp_path


def answer(commands: Path, document: Mapping[str, str], status: int) -> None:
    (commands / "answer").write_text(f"echo '{json.dumps(document)}'\nexit {status}\n")


def start(commands: Path, **environment: str) -> subprocess.Popen[str]:
    path = f"{commands}{os.pathsep}{os.environ['PATH']}"
    command = [sys.executable, first_start.__file__]
    return subprocess.Popen(command, env={"PATH": path, **environment}, stderr=subprocess.PIPE, text=True)


def test_the_server_gets_the_directory_and_not_the_token(commands: Path) -> None:
    answer(commands, SUPPLIED, 0)
    first = start(commands, HUGGING_FACE_HUB_TOKEN=CANARY, SD_MODE="fast")
    assert "Serves a/b at c, sha256:d." in first.communicate(timeout=30)[1]
    assert f"HUGGING_FACE_HUB_TOKEN={CANARY}\n" in (commands / "download").read_text()
    server = (commands / "server").read_text()
    assert CANARY not in server
    assert server.endswith("-g -- sd-server\n")
    told = {"SD_MODEL_DIR=/models/a--b/c", "SD_MODEL_DIGEST=sha256:d", "SD_MODEL_NAME=a/b@c", "SD_MODE=fast"}
    assert told <= set(server.splitlines())


def test_a_refused_download_ends_with_reason_and_sentence(commands: Path) -> None:
    answer(commands, REFUSED, 1)
    first = start(commands, HUGGING_FACE_HUB_TOKEN=CANARY)
    assert first.communicate(timeout=30)[1] == f"sd-server: TermsNotAccepted: {REFUSED['message']}\n"
    assert first.returncode == 1
    assert not (commands / "server").exists()


def test_a_download_is_ended_when_the_container_is_stopped(commands: Path) -> None:
    first = start(commands, SD_PIPELINE="a/b")
    eventually((commands / "download").exists)
    first.send_signal(signal.SIGTERM)
    first.communicate(timeout=30)
    assert first.returncode == 143
    assert not (commands / "server").exists()


def test_no_server_is_started_where_a_stop_came_too_late_for_the_download(commands: Path) -> None:
    deaf = commands / "sd-server"
    deaf.write_text(deaf.read_text().replace("#!/bin/sh\n", "#!/bin/sh\ntrap 'touch heard' TERM\n"))
    first = start(commands, SD_PIPELINE="a/b")
    eventually((commands / "download").exists)
    first.send_signal(signal.SIGTERM)
    eventually((commands / "heard").exists)
    answer(commands, SUPPLIED, 0)
    assert first.communicate(timeout=30)[1] == ""
    assert first.returncode == 143
    assert not (commands / "server").exists()


def test_what_is_not_asked_for_has_its_default() -> None:
    assert " ".join(first_start.words({"SD_PIPELINE": "", "SD_REVISION": ""})) == (
        "--pipeline pyannote/speaker-diarization-community-1 --revision main --cache /models --pin /models/.pinned.json"
    )


def test_everything_that_is_asked_for_reaches_the_download() -> None:
    asked = {
        "SD_PIPELINE": "a/b",
        "SD_REVISION": "v1",
        "SD_CACHE_DIR": "/c",
        "SD_HUB_ENDPOINT": "https://mirror",
        "SD_HUB_CA_BUNDLE": "/ca.pem",
        "SD_MODEL_DIGEST": "sha256:1",
        "SD_MODE": "fast",
    }
    assert " ".join(first_start.words(asked)) == (
        "--pipeline a/b --revision v1 --cache /c --endpoint https://mirror --ca-bundle /ca.pem --digest sha256:1 "
        "--pin /c/.pinned.json"
    )
