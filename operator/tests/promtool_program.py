"""promtool, the rule checker of Prometheus, as a function for tests."""

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
    """Return the path of promtool, which the kit builds in a few minutes on the first use."""
    argv = [sys.executable, "-m", "sd_kit", "tools", "promtool"]
    environment = {**os.environ, "PYTHONPATH": str(KIT)}
    process = subprocess.run(argv, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return Path(process.stdout.strip()) / "promtool"


def promtool(folder: Path, *arguments: str) -> str:
    """Run promtool in a folder and return its output; an exit status other than 0 fails the test with the output."""
    process = subprocess.run([program(), *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


def check(folder: Path, rules: list[dict[str, Any]]) -> str:
    """Write rules to rules.yaml in the folder, check them strictly, and return the output."""
    (folder / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "rules", "rules": rules}]}))
    return promtool(folder, "check", "rules", "--lint=all", "--lint-fatal", "rules.yaml")
