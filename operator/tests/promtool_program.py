"""Prometheus's own checker of rules, as the tests call it."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import yaml

KIT = Path(__file__).parents[2] / "e2e" / "kit"


@cache
def program() -> Path:
    """Where it is; the kit builds it, which takes minutes the first time."""
    argv = [sys.executable, "-m", "sd_kit", "tools", "promtool"]
    environment = {**os.environ, "PYTHONPATH": str(KIT)}
    made = subprocess.run(argv, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return Path(made.stdout.strip()) / "promtool"


def promtool(folder: Path, *words: str) -> str:
    """What it says in a folder; fails with that where it is not content."""
    done = subprocess.run([program(), *words], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def check(folder: Path, rules: list[dict[str, Any]]) -> str:
    """What it says of some rules, which then lie in the folder as rules.yaml."""
    (folder / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "rules", "rules": rules}]}))
    return promtool(folder, "check", "rules", "--lint=all", "--lint-fatal", "rules.yaml")
