"""Start of a single host's server: the model's download, the token, and signals."""

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

CREDENTIAL = "hf_token0that0must0not0reach0the0server"
MODEL = {"path": "/models/a--b/c", "digest": "sha256:d", "pipeline": "a/b", "revision": "c"}
FAILURE = {"reason": "TermsNotAccepted", "message": "Accept them on https://huggingface.co/a/b, then try again."}


@pytest.fixture
def commands(tmp_path: Path) -> Path:
    """A fake `sd-server` that records its environment and arguments and ends as `result` says, and a fake `tini`."""
    download = (
        f"cd {tmp_path}\nenv > download\necho $* >> download\nuntil [ -e result ]; do sleep 0.05; done\n. ./result"
    )
    for name, script in (("sd-server", download), ("tini", f"env > {tmp_path}/server; echo $* >> {tmp_path}/server")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    return tmp_path


def finish_download(commands: Path, document: Mapping[str, str], status: int) -> None:
    (commands / "result").write_text(f"echo '{json.dumps(document)}'\nexit {status}\n")


def start(commands: Path, **environment: str) -> subprocess.Popen[str]:
    path = f"{commands}{os.pathsep}{os.environ['PATH']}"
    command = [sys.executable, first_start.__file__]
    return subprocess.Popen(command, env={"PATH": path, **environment}, stderr=subprocess.PIPE, text=True)


def test_the_server_gets_the_model_directory_and_not_the_token(commands: Path) -> None:
    finish_download(commands, MODEL, 0)
    process = start(commands, HUGGING_FACE_HUB_TOKEN=CREDENTIAL, SD_MODE="fast")
    assert "Serving a/b at c, sha256:d." in process.communicate(timeout=30)[1]
    assert f"HUGGING_FACE_HUB_TOKEN={CREDENTIAL}\n" in (commands / "download").read_text()
    server = (commands / "server").read_text()
    assert CREDENTIAL not in server
    assert server.endswith("-g -- sd-server\n")
    settings = {"SD_MODEL_DIR=/models/a--b/c", "SD_MODEL_DIGEST=sha256:d", "SD_MODEL_NAME=a/b@c", "SD_MODE=fast"}
    assert settings <= set(server.splitlines())


def test_a_failed_download_ends_the_container_with_its_reason(commands: Path) -> None:
    finish_download(commands, FAILURE, 1)
    process = start(commands, HUGGING_FACE_HUB_TOKEN=CREDENTIAL)
    assert process.communicate(timeout=30)[1] == f"sd-server: TermsNotAccepted: {FAILURE['message']}\n"
    assert process.returncode == 1
    assert not (commands / "server").exists()


def test_stopping_the_container_terminates_the_download(commands: Path) -> None:
    process = start(commands, SD_PIPELINE="a/b")
    eventually((commands / "download").exists)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 143
    assert not (commands / "server").exists()


def test_no_server_starts_if_the_download_completes_after_the_stop(commands: Path) -> None:
    download = commands / "sd-server"
    download.write_text(download.read_text().replace("#!/bin/sh\n", "#!/bin/sh\ntrap 'touch signalled' TERM\n"))
    process = start(commands, SD_PIPELINE="a/b")
    eventually((commands / "download").exists)
    process.send_signal(signal.SIGTERM)
    eventually((commands / "signalled").exists)
    finish_download(commands, MODEL, 0)
    assert process.communicate(timeout=30)[1] == ""
    assert process.returncode == 143
    assert not (commands / "server").exists()


def test_unset_options_have_their_defaults() -> None:
    assert " ".join(first_start.download_arguments({"SD_PIPELINE": "", "SD_REVISION": ""})) == (
        "--pipeline pyannote/speaker-diarization-community-1 --revision main --cache /models --pin /models/.pinned.json"
    )


def test_all_options_are_passed_to_the_download() -> None:
    environment = {
        "SD_PIPELINE": "a/b",
        "SD_REVISION": "v1",
        "SD_CACHE_DIR": "/c",
        "SD_HUB_ENDPOINT": "https://mirror",
        "SD_HUB_CA_BUNDLE": "/ca.pem",
        "SD_MODEL_DIGEST": "sha256:1",
        "SD_MODE": "fast",
    }
    assert " ".join(first_start.download_arguments(environment)) == (
        "--pipeline a/b --revision v1 --cache /c --endpoint https://mirror --ca-bundle /ca.pem --digest sha256:1 "
        "--pin /c/.pinned.json"
    )
