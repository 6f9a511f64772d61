"""An OCI runtime in front of runc: it leaves out capabilities that this machine cannot give, then becomes runc.

runc gives a privileged container every capability it knows, and fails when the machine itself lacks one. A script that
stands on its own, because docker starts it: `drop_capabilities.py RUNC CAP_X,CAP_Y <runc's own arguments>`.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any


def without(process: dict[str, Any], lacking: set[str]) -> dict[str, Any]:
    """An OCI process object whose capability sets leave out `lacking`."""
    sets = process.get("capabilities") or {}
    kept = {name: [cap for cap in caps if cap not in lacking] for name, caps in sets.items()}
    return {**process, "capabilities": kept} if sets else process


def rewrite(path: Path, lacking: set[str]) -> None:
    """Rewrite a bundle's config.json, or the process file of an `exec`, in place."""
    spec = json.loads(path.read_text())
    # A bundle holds its process under a key; the file of an `exec` is the process itself.
    changed = {**spec, "process": without(spec["process"], lacking)} if "process" in spec else without(spec, lacking)
    path.write_text(json.dumps(changed))


def file_to_rewrite(arguments: list[str]) -> Path | None:
    """The file of a runc call that names capabilities; None for calls that start nothing."""
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
    """Rewrite what there is to rewrite and become runc."""
    runc, lacking, arguments = argv[1], set(argv[2].split(",")), argv[3:]
    path = file_to_rewrite(arguments)
    if path is not None:
        rewrite(path, lacking)
    os.execv(runc, [runc, *arguments])  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    main(sys.argv)
