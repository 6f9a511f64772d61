"""Start of a single host's server with a pipeline of the hub: download it, then become the server, without the token.

This is the container's first process. It replaces itself by the server, so that no process keeps the token in its
environment after the download.
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

SHELL_SIGNAL_OFFSET = 128
"""A shell reports a child that was ended by a signal with this plus the signal's number."""
TOKEN = "HUGGING_FACE_HUB_TOKEN"  # noqa: S105 - the name of a variable
SERVER_COMMAND = ("tini", "-g", "--", "sd-server")
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
PIN_FILE = ".pinned.json"
"""File beside the models that pins the one in use: a restart serves it also offline or with a revoked token."""


def main() -> None:
    """Download the model and replace this process by the server; exit with the download's status if it fails."""
    environment = dict(os.environ)
    model = download(environment)
    environment.pop(TOKEN, None)
    log(f"Serving {model['pipeline']} at {model['revision']}, {model['digest']}.")
    name = f"{model['pipeline']}@{model['revision'][:12]}"
    settings = {"SD_MODEL_DIR": model["path"], "SD_MODEL_DIGEST": model["digest"], "SD_MODEL_NAME": name}
    os.execvpe(SERVER_COMMAND[0], SERVER_COMMAND, environment | settings)  # noqa: S606 - no shell is needed


def download_arguments(environment: Mapping[str, str]) -> list[str]:
    """Return the arguments of the download; an empty variable counts as unset."""
    values = DEFAULTS | {name: environment[name] for name in OPTIONS if environment.get(name)}
    arguments = [argument for name, option in OPTIONS.items() if name in values for argument in (option, values[name])]
    return [*arguments, "--pin", str(Path(values["SD_CACHE_DIR"], PIN_FILE))]


def download(environment: Mapping[str, str]) -> dict[str, str]:
    """Download the model and return its path, digest, pipeline and revision.

    Raises:
        SystemExit: the download failed, and its reason was logged; or the process received SIGTERM or SIGINT.
    """
    command = ["sd-server", "models", "download", *download_arguments(environment)]
    process: subprocess.Popen[str] | None = None
    signals: list[int] = []

    def stop(number: int, _frame: object) -> None:
        signals.append(number)
        if process is not None:
            process.terminate()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)  # before the download starts: the first process ignores signals without a handler
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, process_group=0)
    if signals:
        process.terminate()
    output = process.communicate()[0]
    if signals:
        raise SystemExit(SHELL_SIGNAL_OFFSET + signals[0])
    if process.returncode != 0:
        if output:
            failure = json.loads(output)
            log(f"{failure['reason']}: {failure['message']}")
        raise SystemExit(process.returncode if process.returncode > 0 else SHELL_SIGNAL_OFFSET - process.returncode)
    return json.loads(output)


def log(message: str) -> None:
    """Write a line to the container's log."""
    sys.stderr.write(f"sd-server: {message}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
