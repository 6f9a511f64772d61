"""An OCI runtime in front of runc that removes capabilities which this machine cannot grant.

runc grants a privileged container every capability that it knows, and fails if the machine lacks one. docker starts
this file as a standalone script: `drop_capabilities.py RUNC CAP_X,CAP_Y <runc's own arguments>`.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any


def without(process: dict[str, Any], missing: set[str]) -> dict[str, Any]:
    """Return an OCI process object with `missing` removed from its capability sets."""
    sets = process.get("capabilities") or {}
    remaining = {name: [capability for capability in each if capability not in missing] for name, each in sets.items()}
    return {**process, "capabilities": remaining} if sets else process


def rewrite(path: Path, missing: set[str]) -> None:
    """Rewrite a bundle's config.json, or the process file of `runc exec`, in place."""
    spec = json.loads(path.read_text())
    # A bundle has the process object under a key; the file of `exec` is the process object itself.
    if "process" in spec:
        spec["process"] = without(spec["process"], missing)
    else:
        spec = without(spec, missing)
    path.write_text(json.dumps(spec))


def file_to_rewrite(arguments: list[str]) -> Path | None:
    """Return the file in which a runc call sets capabilities; None for calls that start no process."""
    if "create" in arguments or "run" in arguments:
        return Path(_option(arguments, "--bundle", "-b") or ".") / "config.json"
    process = _option(arguments, "--process", "-p") if "exec" in arguments else None
    return Path(process) if process else None


def _option(arguments: list[str], *names: str) -> str | None:
    for argument, following in zip(arguments, [*arguments[1:], ""], strict=True):
        if argument in names:
            return following
        name, equals, value = argument.partition("=")
        if equals and name in names:
            return value
    return None


def main(argv: list[str]) -> None:
    """Rewrite the file of this call, if it has one, and execute runc."""
    runc, missing, arguments = argv[1], set(argv[2].split(",")), argv[3:]
    path = file_to_rewrite(arguments)
    if path is not None:
        rewrite(path, missing)
    os.execv(runc, [runc, *arguments])  # noqa: S606 - replaces this process, without a shell


if __name__ == "__main__":
    main(sys.argv)
