"""A server on a single host that was asked for a pipeline: gets it, then becomes the server that runs it, tokenless.

It is the container's first process, and replaces itself: so nobody's environment holds the token once it has been used.
"""

# ruff: noqa: INP001 - the image runs this file as a script
from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

SHELL_SIGNAL = 128
"""Above it, a shell reports the signal that ended its child."""
TOKEN = "HUGGING_FACE_HUB_TOKEN"  # noqa: S105 - a variable's name
SERVER = ("tini", "-g", "--", "sd-server")
DEFAULTS = {
    "SD_PIPELINE": "pyannote/speaker-diarization-community-1",
    "SD_REVISION": "main",
    "SD_CACHE_DIR": "/models",
}
OPTIONS = {
    "SD_PIPELINE": "--pipeline",
    "SD_REVISION": "--revision",
    "SD_CACHE_DIR": "--cache",
    "SD_HUB_ENDPOINT": "--endpoint",
    "SD_HUB_CA_BUNDLE": "--ca-bundle",
    "SD_MODEL_DIGEST": "--digest",
}
PIN = ".pinned.json"
"""Beside the pipelines: a restart serves what the first start did, also offline, and when the token is revoked."""


def main() -> None:
    """Does not return: the process becomes the server, or ends with the download's status."""
    environment = dict(os.environ)
    supplied = download(environment)
    environment.pop(TOKEN, None)
    say(f"Serves {supplied['pipeline']} at {supplied['revision']}, {supplied['digest']}.")
    name = f"{supplied['pipeline']}@{supplied['revision'][:12]}"
    model = {"SD_MODEL_DIR": supplied["path"], "SD_MODEL_DIGEST": supplied["digest"], "SD_MODEL_NAME": name}
    os.execvpe(SERVER[0], SERVER, environment | model)  # noqa: S606 - on purpose without a shell


def words(environment: Mapping[str, str]) -> list[str]:
    """The download's command line; a variable that is empty counts as not set."""
    asked = DEFAULTS | {name: environment[name] for name in OPTIONS if environment.get(name)}
    options = [word for name, option in OPTIONS.items() if name in asked for word in (option, asked[name])]
    return [*options, "--pin", str(Path(asked["SD_CACHE_DIR"], PIN))]


def download(environment: Mapping[str, str]) -> dict[str, str]:
    """What the download says about the directory.

    Raises:
        SystemExit: it was refused, and why has been said; or somebody asked to stop.
    """
    command = ["sd-server", "models", "download", *words(environment)]
    running: subprocess.Popen[str] | None = None
    asked_to_stop: list[int] = []

    def stop(number: int, _frame: object) -> None:
        asked_to_stop.append(number)
        if running is not None:
            running.terminate()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)  # before the download begins: a first process without a handler hears no signal
    running = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, process_group=0)
    if asked_to_stop:
        running.terminate()
    said = running.communicate()[0]
    if asked_to_stop:
        raise SystemExit(SHELL_SIGNAL + asked_to_stop[0])
    if running.returncode != 0:
        if said:
            refusal = json.loads(said)
            say(f"{refusal['reason']}: {refusal['message']}")
        raise SystemExit(running.returncode if running.returncode > 0 else SHELL_SIGNAL - running.returncode)
    return json.loads(said)


def say(sentence: str) -> None:
    """One line in the container's log."""
    sys.stderr.write(f"sd-server: {sentence}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
