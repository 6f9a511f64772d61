"""The configuration of a docker daemon that the kit starts."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from sd_kit import paths
from sd_kit.errors import KitError
from sd_kit.offline import capabilities

RUNTIME = "sd-runc"
SYSTEM_PATH = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"


def write() -> Path:
    """Write daemon.json, and the OCI runtime that it names if one is needed; return the path of daemon.json."""
    missing = capabilities.missing()
    path = paths.folder("docker") / "daemon.json"
    path.write_text(json.dumps(render(write_runtime(_runc(), missing) if missing else None), indent=2))
    return path


def render(runtime: Path | None) -> dict[str, Any]:
    """Return the daemon's settings, with `runtime` as the default OCI runtime if it is given."""
    # Logs are bounded so that a demo that keeps running does not fill the disk.
    settings: dict[str, Any] = {"log-driver": "json-file", "log-opts": {"max-size": "20m", "max-file": "2"}}
    if runtime is not None:
        settings |= {"default-runtime": RUNTIME, "runtimes": {RUNTIME: {"path": str(runtime)}}}
    return settings


def write_runtime(runc: str, missing: list[str]) -> Path:
    """Write an OCI runtime that removes the `missing` capabilities and executes runc; return its path."""
    script = paths.folder("docker") / "drop_capabilities.py"
    script.write_text((paths.OFFLINE / script.name).read_text())
    runtime = script.with_name(RUNTIME)
    # The base interpreter, not a virtual environment's: the daemon outlives the checkout.
    python = Path(sys.executable).resolve()
    runtime.write_text(f'#!/bin/sh\nexec {python} -I -S {script} {runc} {",".join(missing)} "$@"\n')
    runtime.chmod(0o755)
    return runtime


def _runc() -> str:
    found = shutil.which("runc", path=SYSTEM_PATH)
    if found is None:
        raise KitError("docker is installed without runc. Install Debian's package runc, then run this again.")
    return found
