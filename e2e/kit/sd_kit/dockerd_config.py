"""Writes the configuration of a docker daemon that the kit starts itself."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from sd_kit import capabilities, places
from sd_kit.errors import KitError

RUNTIME = "sd-runc"
SYSTEM_PATH = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"


def write() -> Path:
    """Write the daemon's file, and the runtime it names where one is needed; give the file's path."""
    lacking = capabilities.missing()
    path = places.folder("docker") / "daemon.json"
    path.write_text(json.dumps(render(write_runtime(_runc(), lacking) if lacking else None), indent=2))
    return path


def render(runtime: Path | None) -> dict[str, Any]:
    """The daemon's settings; `runtime` stands in front of runc on a machine that lacks a capability."""
    # Bounded logs: a demo that is left running must not fill the disk.
    settings: dict[str, Any] = {"log-driver": "json-file", "log-opts": {"max-size": "20m", "max-file": "2"}}
    if runtime is not None:
        settings |= {"default-runtime": RUNTIME, "runtimes": {RUNTIME: {"path": str(runtime)}}}
    return settings


def write_runtime(runc: str, lacking: list[str]) -> Path:
    """Write a program that drops the `lacking` capabilities and becomes runc; give its path."""
    script = places.folder("docker") / "drop_capabilities.py"
    script.write_text((places.PACKAGE / script.name).read_text())
    runtime = script.with_name(RUNTIME)
    # The base interpreter and not a virtual environment's: the daemon outlives the checkout.
    python = Path(sys.executable).resolve()
    runtime.write_text(f'#!/bin/sh\nexec {python} -I -S {script} {runc} {",".join(lacking)} "$@"\n')
    runtime.chmod(0o755)
    return runtime


def _runc() -> str:
    found = shutil.which("runc", path=SYSTEM_PATH)
    if found is None:
        raise KitError("docker is installed without runc. Install Debian's package runc, then run this again.")
    return found
